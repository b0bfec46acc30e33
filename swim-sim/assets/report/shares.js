// Distributions of times, each a curve: the share that is reached after so long.

// A curve comes as quantiles at equal steps; where several are equal the last one counts.
function points(curve) {
  const table = [[], []];
  curve.quantiles.forEach((time, place) => {
    if (table[0].at(-1) === time) table[1].pop();
    else table[0].push(time);
    table[1].push((100 * place) / (curve.quantiles.length - 1));
  });
  return table;
}

function shares(id, lines) {
  const host = find(id, 'chart');
  const readout = find(id, 'readout');
  const some = lines.filter(line => line.curve.count > 0);
  host.replaceChildren();
  if (!some.length) {
    host.append(element('p', {}, 'There is nothing to show: none of it happened, or none of it was complete.'));
    readout.replaceChildren();
    return null;
  }
  const show = percentage => {
    const place = curve => Math.max(0, Math.min(200, Math.round(2 * percentage)));
    const text = curve => (curve.count ? seconds(curve.quantiles[place(curve)]) : '–');
    readout.replaceChildren(
      element('div', { className: 'when' }, `${grouped(Math.round(2 * percentage) / 2)} % within`),
      ...lines.map(line => swatch(line.colour(), line.name, text(line.curve))),
    );
  };
  show(50);
  const plot = lineChart(
    host,
    210,
    {
      scales: { x: { time: false, range: (_, min, max) => [min, max] }, y: { range: () => [0, 101] } },
      axes: [
        axis({ size: 28, values: (_, ticks) => ticks.map(tick => `${grouped(tick)} s`) }),
        axis({ size: LEFT, values: (_, ticks) => ticks.map(tick => `${tick} %`) }),
      ],
      series: [
        {},
        ...some.map(line => ({ stroke: line.colour, width: 1.75, points: { show: false }, spanGaps: true })),
      ],
      cursor: { points: { show: false }, drag: { x: true, y: false } },
      hooks: {
        setCursor: [
          plot => show(plot.cursor.top >= 0 ? Math.max(0, Math.min(100, plot.posToVal(plot.cursor.top, 'y'))) : 50),
        ],
      },
    },
    uPlot.join([[[0], [0]], ...some.map(line => points(line.curve))]).filter((_, n) => n !== 1),
  );
  return {
    name: id,
    restyle: () => {
      plot.redraw(false);
      show(50);
    },
    isDrawn: () =>
      hasInk(
        plot,
        some.map(line => line.colour()),
      ),
  };
}

function drawDetection() {
  const chart = shares('detection', [
    { name: 'suspected', colour: () => css('suspect'), curve: record.detection.suspect },
    { name: 'held faulty', colour: () => css('faulty'), curve: record.detection.faulty },
  ]);
  if (chart) charts.push(chart);
}

const NEWS = {
  joined: 'has joined',
  alive: 'alive after all',
  suspect: 'suspected',
  faulty: 'held faulty',
  left: 'has left',
};

function drawDissemination() {
  const spreads = record.dissemination;
  if (!spreads.length) {
    shares('dissemination', []);
    return;
  }
  const slot = {
    name: 'dissemination',
    restyle: () => slot.now?.restyle(),
    isDrawn: () => slot.now?.isDrawn() ?? true,
  };
  const choose = n => {
    slot.now = shares('dissemination', [
      { name: 'half of the nodes', colour: () => css('alive'), curve: spreads[n].half },
      { name: '99 in a hundred', colour: () => css('first'), curve: spreads[n].most },
      { name: 'all of them', colour: () => css('third'), curve: spreads[n].all },
    ]);
  };
  const complete = spreads.map(spread => spread.all.count);
  const fullest = complete.indexOf(Math.max(...complete));
  choices(
    find('dissemination', 'choice'),
    '',
    spreads.map(spread => NEWS[spread.news]),
    fullest,
    choose,
  );
  choose(fullest);
  charts.push(slot);

  const head = ['news', 'claims', 'reached all', 'median'].map(name => element('th', {}, name));
  const lines = spreads.map(({ news, started, all }) => {
    const cells = [NEWS[news], grouped(started), grouped(all.count), all.count ? seconds(all.quantiles[100]) : '–'];
    return element('tr', {}, ...cells.map(text => element('td', {}, text)));
  });
  find('dissemination', 'readout').after(element('table', {}, element('tr', {}, ...head), ...lines));
}
