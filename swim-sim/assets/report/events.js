// What was done: one lane for phases, then as many as are needed for what overlaps, within reason.

function drawEvents() {
  const LANE = 26,
    LANES_MAX = 8;
  const lanes = [];
  const placed = [...marks]
    .sort((a, b) => (a.kind !== 'phase') - (b.kind !== 'phase') || a.at - b.at)
    .map(mark => {
      // A label that does not fit inside stands to the right; about so much time goes by under it.
      const until = mark.until ?? mark.at;
      const text = ((mark.label.length * 7 + 16) / 1000) * end;
      const room = text < until - mark.at ? until : until + text;
      let lane = lanes.findIndex(lane => lane.kind === (mark.kind === 'phase') && lane.until <= mark.at + 1e-9);
      if (lane < 0) lane = lanes.length < LANES_MAX ? lanes.push({ kind: mark.kind === 'phase' }) - 1 : LANES_MAX - 1;
      lanes[lane].until = mark.kind === 'phase' ? until : room;
      return { mark, lane };
    });
  const height = Math.max(1, lanes.length) * LANE + 4;
  const colour = kind => css({ phase: 'sheet', fault: 'faulty', crash: 'faulty', start: 'alive' }[kind]);
  const chart = panel('events', height, {
    frames: width => [{ left: LEFT, right: width - RIGHT, top: 0, bottom: height }],
    draw: (pen, [frame], x) => {
      pen.save();
      pen.beginPath();
      pen.rect(frame.left, 0, frame.right - frame.left, height);
      pen.clip();
      for (const { mark, lane } of placed) {
        const [left, right] = [x(frame, mark.at), x(frame, mark.until ?? mark.at)];
        const [top, wide] = [lane * LANE + 2, Math.max(right - left, 4)];
        pen.fillStyle = colour(mark.kind);
        pen.strokeStyle = css(mark.kind === 'phase' ? 'rule' : 'paper');
        pen.beginPath();
        pen.roundRect(left + 0.5, top + 0.5, wide - 1, LANE - 5, 3);
        pen.fill();
        pen.stroke();
        const inside = pen.measureText(mark.label).width + 12 < wide;
        const over = mark.kind === 'fault' || mark.kind === 'crash';
        pen.fillStyle = inside && over ? css('paper') : css('ink');
        if (inside || mark.kind !== 'phase')
          pen.fillText(mark.label, inside ? Math.max(left, frame.left) + 7 : left + wide + 5, top + LANE / 2 - 2);
      }
      pen.restore();
    },
    tell: (time, frame, left, top) => {
      const near = ((shown.until - shown.from) * 6) / (frame.right - frame.left);
      const hits = placed.filter(
        ({ mark, lane }) =>
          lane === Math.floor(top / LANE) && time >= mark.at - near && time <= (mark.until ?? mark.at) + near,
      );
      return hits.length
        ? hits.flatMap(({ mark }) => [
            element('strong', {}, mark.label),
            element(
              'div',
              { className: 'when' },
              mark.until === null
                ? `${mark.kind} at ${seconds(mark.at)}`
                : `${mark.kind}, ${seconds(mark.at)} to ${seconds(mark.until)}`,
            ),
          ])
        : null;
    },
  });
  chart.isDrawn = () =>
    !marks.length ||
    chart.canvas
      .getContext('2d')
      .getImageData(0, 0, chart.canvas.width, chart.canvas.height)
      .data.some(value => value > 0);
}
