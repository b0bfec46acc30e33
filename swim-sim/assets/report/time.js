// One time for all charts: the part of the run that they show, the moment that is pointed at, and what was done when.

const step = record.seconds_per_moment;
const times = moments.map(moment => moment.at);
const end = Math.max(step, ...times.slice(-1), ...marks.map(mark => mark.until ?? mark.at));
const shown = { from: 0, until: end };
const charts = [];

function zoom(from, until) {
  const least = Math.min(end, 3 * step);
  const middle = (from + until) / 2;
  if (until - from < least) [from, until] = [middle - least / 2, middle + least / 2];
  shown.from = Math.max(0, Math.min(from, end - least));
  shown.until = Math.min(end, Math.max(until, shown.from + least));
  charts.forEach(chart => chart.show?.());
  document.querySelector('nav .window').textContent = `${seconds(shown.from)} to ${seconds(shown.until)}`;
  document.querySelector('nav .whole').disabled = shown.from === 0 && shown.until === end;
}

function point(time) {
  charts.forEach(chart => chart.point?.(time));
}

// The moment that holds at a time: the first one at or after it.
function momentAt(time) {
  if (time === null) return times.length - 1;
  const place = Math.ceil((time - times[0]) / step - 1e-9);
  return Math.max(0, Math.min(times.length - 1, place));
}

// What was done, on the time axis of any chart.

function drawMarks(pen, x, top, height, bands = css('band')) {
  pen.save();
  for (const mark of marks) {
    const [from, until] = [x(mark.at), x(mark.until ?? mark.at)];
    if (mark.kind === 'fault' && until > from) {
      pen.fillStyle = bands;
      pen.fillRect(from, top, until - from, height);
    }
    if (mark.kind === 'start') continue;
    pen.strokeStyle = css('edge');
    pen.globalAlpha = 0.7;
    pen.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    pen.lineWidth = devicePixelRatio;
    pen.beginPath();
    pen.moveTo(from, top);
    pen.lineTo(from, top + height);
    pen.stroke();
    pen.globalAlpha = 1;
  }
  pen.restore();
}

function timeAxis(pen, frame, x, y) {
  const span = shown.until - shown.from;
  const room = (frame.right - frame.left) / 80;
  const every =
    [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400].find(every => span / every <= room) ??
    43200;
  pen.fillStyle = css('quiet');
  for (let time = Math.ceil(shown.from / every) * every; time <= shown.until; time += every) {
    const at = x(frame, time);
    pen.textAlign = at < frame.left + 16 ? 'left' : at > frame.right - 24 ? 'right' : 'center';
    pen.fillText(`${grouped(time)} s`, at, y);
  }
}
