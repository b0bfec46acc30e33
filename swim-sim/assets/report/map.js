// The map: who is seen as what, a row for each node and a column for each moment.

// The views with their counts, five for each row and moment; where there are several, that of all nodes comes first.
function unpackedViews() {
  const views = map.views.map(view => ({ name: view.name, counts: unpack(view.runs) }));
  if (views.length > 1) {
    const all = views[0].counts.slice();
    views.slice(1).forEach(view =>
      view.counts.forEach((count, place) => {
        all[place] += count;
      }),
    );
    views.unshift({ name: 'all nodes', counts: all });
  }
  return views;
}

// Runs of equal cells, each its length and five counts, in digits to base 32; 32 more say that another digit follows.
function unpack(runs) {
  const digits = new Uint8Array(128);
  [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].forEach((digit, n) => {
    digits[digit.charCodeAt(0)] = n;
  });
  const counts = new Uint32Array(map.rows * times.length * 5);
  let read = 0,
    write = 0;
  const number = () => {
    for (let value = 0, scale = 1; ; scale *= 32) {
      const digit = digits[runs.charCodeAt(read++)];
      value += (digit & 31) * scale;
      if (digit < 32) return value;
    }
  };
  while (read < runs.length) {
    const length = number();
    const cell = [number(), number(), number(), number(), number()];
    for (let n = 0; n < length; n++, write += 5) counts.set(cell, write);
  }
  return counts;
}

// A picture of some rows: one pixel a moment across, `tall` pixels down.
function picture(counts, [from, until], tall) {
  const canvas = element('canvas', { width: times.length, height: tall });
  const pen = canvas.getContext('2d');
  const image = pen.createImageData(times.length, tall);
  const colours = HELD.map(held => rgb(css(held)).map(toLight));
  const cell = [0, 0, 0, 0, 0];
  for (let y = 0; y < tall; y++) {
    const [first, last] = [y, y + 1].map(edge => from + Math.round((edge * (until - from)) / tall));
    for (let place = 0; place < times.length; place++) {
      cell.fill(0);
      for (let row = first; row < last; row++) {
        const at = (row * times.length + place) * 5;
        for (let n = 0; n < 5; n++) cell[n] += counts[at + n];
      }
      const total = sum(cell);
      if (total) image.data.set([...blend(cell, total, colours), 255], (y * times.length + place) * 4);
    }
  }
  pen.putImageData(image, 0, 0);
  return canvas;
}

// What is not alive is drawn stronger than it is: one doubter in a thousand is to be seen.
function blend(cell, total, colours) {
  const odd = 1 - cell[0] / total;
  const strong = odd ** 0.6;
  return colours[0].map((alive, part) => {
    let light = (1 - strong) * alive;
    for (let n = 1; n < 5 && odd > 0; n++) light += ((strong * cell[n]) / total / odd) * colours[n][part];
    return fromLight(light);
  });
}

function drawMap() {
  const HEIGHT = Math.max(200, Math.min(480, map.rows * 14)),
    AXIS = 24;
  const views = unpackedViews();
  let view = views[0],
    rows = [0, map.rows],
    kept = {};
  const node = row => row * map.nodes_per_row;
  const y = (row, frame) => frame.top + ((row - rows[0]) / (rows[1] - rows[0])) * (frame.bottom - frame.top);
  const rowAt = (top, frame) => rows[0] + ((top - frame.top) / (frame.bottom - frame.top)) * (rows[1] - rows[0]);

  function keptPicture() {
    const tall = Math.max(1, Math.min(rows[1] - rows[0], Math.round(HEIGHT * devicePixelRatio)));
    const key = [view.name, rows, tall, css('alive')].join();
    if (kept.key !== key) kept = { key, canvas: picture(view.counts, rows, tall) };
    return kept.canvas;
  }

  const chart = panel('map', HEIGHT + AXIS, {
    frames: width => [{ left: LEFT, right: width - RIGHT, top: 0, bottom: HEIGHT }],
    draw: (pen, [frame], x) => {
      pen.save();
      pen.beginPath();
      pen.rect(frame.left, frame.top, frame.right - frame.left, HEIGHT);
      pen.fillStyle = css('sheet');
      pen.fill();
      pen.clip();
      pen.imageSmoothingEnabled = false;
      const [left, right] = [x(frame, times[0] - step), x(frame, times.at(-1))];
      pen.drawImage(keptPicture(), left, frame.top, right - left, HEIGHT);
      drawBounds(pen, frame);
      drawNodeMarks(pen, frame, x);
      pen.restore();
      drawNumbers(pen, frame);
      timeAxis(pen, frame, x, HEIGHT + AXIS / 2 + 2);
    },
    tell: (time, frame, left, top) => {
      const row = Math.min(rows[1] - 1, Math.floor(rowAt(top, frame)));
      const place = momentAt(time);
      const at = (row * times.length + place) * 5;
      const cell = [...view.counts.subarray(at, at + 5)];
      const last = Math.min(record.nodes, node(row + 1)) - 1;
      const name = last > node(row) ? `nodes ${grouped(node(row))} to ${grouped(last)}` : `node ${grouped(node(row))}`;
      const who = view === views[0] ? '' : ` as ${view.name} holds it`;
      return [
        element('strong', {}, name + who),
        element('div', { className: 'when' }, `at ${seconds(times[place])}, held by ${grouped(sum(cell))} others as`),
        ...HELD.flatMap((held, n) => (cell[n] || n < 3 ? [swatch(css(held), HELD_NAMES[n], grouped(cell[n]))] : [])),
      ];
    },
    pickRows: (frame, top, bottom) => {
      const all = [0, map.rows];
      rows = frame
        ? [Math.max(0, Math.floor(rowAt(top, frame))), Math.min(map.rows, Math.ceil(rowAt(bottom, frame)))]
        : all;
    },
  });

  // Between the groups.
  function drawBounds(pen, frame) {
    let bound = 0;
    pen.strokeStyle = css('paper');
    pen.lineWidth = 2;
    for (const group of groups.slice(0, -1)) {
      bound += group.nodes;
      const edge = y(bound / map.nodes_per_row, frame);
      pen.beginPath();
      pen.moveTo(frame.left, edge);
      pen.lineTo(frame.right, edge);
      pen.stroke();
    }
  }

  // What happened to a single node.
  function drawNodeMarks(pen, frame, x) {
    pen.fillStyle = css('ink');
    for (const mark of marks.filter(mark => mark.node !== null)) {
      pen.beginPath();
      pen.arc(x(frame, mark.at), y((mark.node + 0.5) / map.nodes_per_row, frame), 2.5, 0, 7);
      pen.fill();
    }
  }

  function drawNumbers(pen, frame) {
    const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000];
    const every = steps.find(every => (node(rows[1]) - node(rows[0])) / every <= 10) ?? 50000;
    pen.fillStyle = css('quiet');
    pen.textAlign = 'right';
    for (let at = Math.ceil(node(rows[0]) / every) * every; at < Math.min(node(rows[1]), record.nodes); at += every) {
      pen.fillText(grouped(at), frame.left - 8, Math.max(7, y((at + 0.5) / map.nodes_per_row, frame)));
    }
  }

  const legend = () =>
    find('map', 'legend').replaceChildren(...HELD.map((held, n) => swatch(css(held), HELD_NAMES[n], '')));
  legend();
  chart.restyle = () => {
    legend();
    chart.show();
  };
  chart.isDrawn = () => isFilled(chart.canvas, LEFT + 2, 2, HEIGHT - 4);
  if (views.length > 1) {
    choices(
      find('map', 'choice'),
      'as seen by',
      views.map(view => view.name),
      0,
      n => {
        view = views[n];
        chart.show();
      },
    );
  }
}
