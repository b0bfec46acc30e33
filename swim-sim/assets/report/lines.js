// Charts with lines over time, by uPlot.

const axis = properties => ({
  stroke: () => css('quiet'),
  grid: { stroke: () => css('grid'), width: 1 },
  ticks: { stroke: () => css('grid'), width: 1, size: 4 },
  font: '12px system-ui, sans-serif',
  ...properties,
});

function lineChart(host, height, options, table) {
  const width = () => Math.max(200, host.clientWidth);
  const plot = new uPlot(
    { width: width(), height, padding: [10, RIGHT, 0, 0], legend: { show: false }, ...options },
    table,
    host,
  );
  onResize(() => plot.setSize({ width: width(), height }));
  return plot;
}

// A chart over time. `lines` have a name, a colour (a function, for themes change) and a value per moment.
function timeChart(id, lines, scale, show) {
  const host = find(id, 'chart');
  const readout = find(id, 'readout');
  let told = false;
  const plot = lineChart(
    host,
    190,
    {
      scales: { x: { time: false, range: () => [shown.from, shown.until] }, y: scale },
      axes: [
        axis({ size: 28, values: (_, ticks) => ticks.map(tick => `${tick} s`) }),
        axis({ size: LEFT, values: (_, ticks) => ticks.map(tick => (tick === null ? '' : grouped(tick))) }),
      ],
      series: [
        {},
        ...lines.map(line => ({
          stroke: line.colour,
          fill: line.fill,
          width: line.width ?? 1.75,
          points: { show: false },
        })),
      ],
      cursor: {
        y: false,
        points: { size: 7 },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => () => zoom(0, end) },
      },
      hooks: {
        drawClear: [
          plot => drawMarks(plot.ctx, time => plot.valToPos(time, 'x', true), plot.bbox.top, plot.bbox.height),
        ],
        setSelect: [
          plot => {
            if (plot.select.width < 4) return;
            const [from, until] = [plot.select.left, plot.select.left + plot.select.width].map(left =>
              plot.posToVal(left, 'x'),
            );
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            zoom(from, until);
          },
        ],
        setCursor: [
          plot => {
            if (told) return;
            const { left } = plot.cursor;
            point(left === undefined || left < 0 ? null : plot.posToVal(left, 'x'));
          },
        ],
      },
    },
    [times, ...lines.map(line => line.values)],
  );
  charts.push({
    name: id,
    show: () => plot.setScale('x', { min: shown.from, max: shown.until }),
    point: time => {
      told = true;
      const left = time === null ? -10 : plot.valToPos(time, 'x');
      if (Math.abs((plot.cursor.left ?? -10) - left) > 0.5) plot.setCursor({ left, top: time === null ? -10 : 1 });
      told = false;
      const place = momentAt(time);
      readout.replaceChildren(element('div', { className: 'when' }, `at ${seconds(times[place])}`), ...show(place));
    },
    restyle: () => plot.redraw(false),
    isDrawn: () =>
      hasInk(
        plot,
        lines.map(line => line.colour()),
      ),
  });
}

const least = low => (_, min, max) => [0, Math.max(low, max * 1.08)];

function drawLists() {
  const most = Math.max(10, ...moments.map(moment => moment.lists));
  const colour = () => css('first');
  timeChart(
    'lists',
    [{ colour, values: moments.map(moment => moment.lists || null) }],
    { distr: 3, range: () => [0.8, most * 1.25] },
    place => [
      swatch(colour(), 'different lists', grouped(moments[place].lists)),
      swatch('transparent', 'running nodes', grouped(moments[place].up)),
    ],
  );
}

function drawTraffic(id, colour, unit) {
  const fill = () => css(colour) + '22';
  timeChart(
    id,
    [{ colour: () => css(colour), fill, values: moments.map(moment => moment[id]) }],
    { range: least(1) },
    place => [swatch(css(colour), unit, grouped(moments[place][id]))],
  );
}

// Nested areas: those of at least 1, of at least 2 and so on, ever darker.
function drawHealth() {
  const worst = Math.max(1, ...moments.map(moment => moment.health.length - 1));
  const colour = score => () =>
    hex(mix([css('paper'), css('third')], [0.75 * (1 - score / worst), 0.25 + (0.75 * score) / worst]));
  const lines = Array.from({ length: worst }, (_, n) => ({
    colour: colour(n + 1),
    fill: colour(n + 1),
    width: 1.25,
    values: moments.map(moment => sum(moment.health.slice(n + 1))),
  }));
  timeChart('health', lines, { range: least(4) }, place => {
    const { health } = moments[place];
    return [
      swatch('transparent', 'healthy', grouped(health[0] ?? 0)),
      ...lines.map((line, n) => swatch(line.colour(), `score ${n + 1}`, grouped(health[n + 1] ?? 0))),
    ];
  });
}
