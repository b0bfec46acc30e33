// Whether something was really drawn. The page looks at its charts itself, so that a test only reads the answer.

// Pixels in the colour of one of the lines, within the plot.
function hasInk(plot, colours) {
  const { left, top, width, height } = plot.bbox;
  const { data } = plot.ctx.getImageData(left, top - 2, width, height + 4);
  return colours.map(rgb).some(([red, green, blue]) => {
    let ink = 0;
    for (let n = 0; n < data.length; n += 4) {
      if (
        data[n + 3] > 200 &&
        Math.abs(data[n] - red) + Math.abs(data[n + 1] - green) + Math.abs(data[n + 2] - blue) < 24
      )
        ink++;
    }
    return ink > 10;
  });
}

// Whether half of a row of fields at least is in the colours of the legend or between them: not the empty sheet.
function isFilled(canvas, left, top, height) {
  const [x, y] = [left, top].map(place => Math.round(place * devicePixelRatio));
  const { data } = canvas
    .getContext('2d')
    .getImageData(
      x,
      y,
      canvas.width - x - Math.round((RIGHT + 2) * devicePixelRatio),
      Math.round(height * devicePixelRatio),
    );
  const empty = rgb(css('sheet'));
  let filled = 0;
  for (let n = 0; n < data.length; n += 4) {
    if (data[n + 3] === 255 && empty.some((value, part) => Math.abs(data[n + part] - value) > 3)) filled++;
  }
  return filled > data.length / 8;
}

function lookAtIt() {
  const blank = charts.filter(chart => !chart.isDrawn()).map(chart => chart.name);
  page.dataset.charts = charts.length;
  page.dataset.blank = blank.join(' ');
}
