// The matrix: observers down, subjects across; each field is a stack of shares over time.

function drawMatrix() {
  const count = groups.length;
  let colours = HELD.map(css);
  if (count < 2 || !times.length) {
    document.getElementById('matrix').hidden = true;
    return;
  }
  const HEAD = 24,
    GAP = 12,
    AXIS = 22;
  const tall = count <= 2 ? 96 : count <= 4 ? 72 : 44;
  const height = HEAD + count * (tall + GAP) + AXIS;
  const frames = width =>
    Array.from({ length: count * count }, (_, field) => {
      const wide = (width - LEFT - RIGHT - (count - 1) * GAP) / count;
      const left = LEFT + (field % count) * (wide + GAP);
      const top = HEAD + Math.floor(field / count) * (tall + GAP);
      return { field, left, right: left + wide, top, bottom: top + tall };
    });
  const chart = panel('matrix', height, {
    frames,
    draw: (pen, fields, x) => {
      pen.fillStyle = css('quiet');
      for (const { field, left, right, top, bottom } of fields) {
        pen.textAlign = 'left';
        if (field < count)
          pen.fillText(`how ${groups[field].name} is seen`.slice(0, Math.max(8, (right - left) / 6.5)), left, HEAD / 2);
        pen.textAlign = 'right';
        if (field % count) continue;
        pen.fillText(groups[field / count].name, left - 8, (top + bottom) / 2 - 8);
        pen.fillText('sees', left - 8, (top + bottom) / 2 + 8);
      }
      for (const frame of fields) {
        pen.save();
        pen.beginPath();
        pen.rect(frame.left, frame.top, frame.right - frame.left, tall);
        pen.fillStyle = css('sheet');
        pen.fill();
        pen.clip();
        drawStack(pen, frame, x);
        drawMarks(pen, time => x(frame, time), frame.top, tall, 'transparent');
        pen.restore();
      }
      for (const frame of fields.slice(-count)) timeAxis(pen, frame, x, height - AXIS / 2);
    },
    tell: (time, frame) => {
      const pairs = moments[momentAt(time)].pairs[frame.field];
      const [observers, subjects] = [groups[Math.floor(frame.field / count)], groups[frame.field % count]];
      return [
        element('strong', {}, `${subjects.name} as ${observers.name} holds it`),
        element('div', { className: 'when' }, `at ${seconds(times[momentAt(time)])}, ${grouped(sum(pairs))} pairs`),
        ...HELD.flatMap((held, n) =>
          pairs[n] || n < 3 ? [swatch(css(held), HELD_NAMES[n], percent(pairs[n], sum(pairs)))] : [],
        ),
      ];
    },
  });

  function drawStack(pen, frame, x) {
    const first = momentAt(shown.from),
      last = momentAt(shown.until);
    for (let place = first; place <= last; place++) {
      const pairs = moments[place].pairs[frame.field];
      const total = sum(pairs);
      if (!total) continue;
      // Whole pixels, each time into the next one: no seams.
      const left = Math.floor(x(frame, times[place] - step) * devicePixelRatio) / devicePixelRatio;
      const right = Math.ceil(x(frame, times[place]) * devicePixelRatio) / devicePixelRatio;
      let bottom = frame.bottom;
      for (let n = 0; n < 5; n++) {
        const part = (pairs[n] / total) * tall;
        if (!part) continue;
        pen.fillStyle = colours[n];
        pen.fillRect(left, bottom - part, right - left, part + (n ? 0.5 : 0));
        bottom -= part;
      }
    }
  }

  chart.restyle = (redraw => () => {
    colours = HELD.map(css);
    redraw();
  })(chart.restyle);
  chart.isDrawn = () => isFilled(chart.canvas, LEFT + 2, HEAD + 2, tall - 4);
}
