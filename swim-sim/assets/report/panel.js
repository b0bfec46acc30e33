// Charts of our own, on a canvas: one that is drawn, and one above it for the cursor.

// Once a frame, however many events there are.
const resized = [];
const onResize = follow => resized.push(follow);
let pending = false;
addEventListener('resize', () => {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => {
    pending = false;
    resized.forEach(follow => follow());
  });
});

const tip = document.querySelector('.tip');

function showTip(event, children) {
  tip.replaceChildren(...children);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = event.clientX + 16 + width > innerWidth ? event.clientX - 16 - width : event.clientX + 16;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, Math.min(event.clientY + 16, innerHeight - height - 4))}px`;
}

// `frames(width)` are the areas that have a time axis: { left, right, top, bottom } in CSS pixels.
function panel(id, height, { frames, draw, tell, pickRows }) {
  const host = find(id, 'chart');
  const [under, over] = [element('canvas'), element('canvas', { className: 'over' })];
  const pens = [under, over].map(canvas => canvas.getContext('2d'));
  host.append(under, over);
  let width = 0,
    drag = null,
    now = null;
  const frame = (x, y) =>
    frames(width).find(frame => x >= frame.left && x <= frame.right && y >= frame.top && y <= frame.bottom);
  const x = (frame, time) =>
    frame.left + ((time - shown.from) / (shown.until - shown.from)) * (frame.right - frame.left);
  const time = (frame, left) =>
    shown.from +
    ((Math.max(frame.left, Math.min(frame.right, left)) - frame.left) / (frame.right - frame.left)) *
      (shown.until - shown.from);
  const sized = pen => {
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = '12px system-ui, sans-serif';
    pen.textBaseline = 'middle';
    return pen;
  };
  const redraw = () => draw(sized(pens[0]), frames(width), x, width);
  const cursor = () => {
    const pen = sized(pens[1]);
    pen.strokeStyle = css('edge');
    pen.setLineDash([3, 3]);
    if (now !== null && now >= shown.from && now <= shown.until) {
      for (const frame of frames(width)) {
        pen.beginPath();
        pen.moveTo(x(frame, now), frame.top);
        pen.lineTo(x(frame, now), frame.bottom);
        pen.stroke();
      }
    }
    if (drag?.to) {
      const tall = drag.rows;
      const [top, bottom] = tall ? [drag.y, drag.to.y] : [drag.frame.top, drag.frame.bottom];
      pen.globalAlpha = 0.2;
      pen.fillStyle = css('first');
      pen.fillRect(drag.x, top, drag.to.x - drag.x, bottom - top);
      pen.globalAlpha = 1;
    }
  };
  const fit = () => {
    width = Math.max(200, host.clientWidth);
    for (const canvas of [under, over]) {
      canvas.width = Math.round(width * devicePixelRatio);
      canvas.height = Math.round(height * devicePixelRatio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    redraw();
    cursor();
  };
  onResize(fit);
  over.addEventListener('pointerdown', event => {
    const at = frame(event.offsetX, event.offsetY);
    if (at && event.button === 0) {
      drag = { frame: at, x: event.offsetX, y: event.offsetY };
      over.setPointerCapture(event.pointerId);
    }
  });
  over.addEventListener('pointermove', event => {
    const at = drag?.frame ?? frame(event.offsetX, event.offsetY);
    if (drag) {
      drag.to = {
        x: Math.max(at.left, Math.min(at.right, event.offsetX)),
        y: Math.max(at.top, Math.min(at.bottom, event.offsetY)),
      };
      drag.rows = pickRows && Math.abs(drag.to.y - drag.y) > 24;
    }
    if (!at) return leave();
    const moment = time(at, event.offsetX);
    point(moment);
    const told = tell(moment, at, event.offsetX, event.offsetY);
    if (told) showTip(event, told);
    else tip.hidden = true;
  });
  over.addEventListener('pointerup', () => {
    const done = drag;
    drag = null;
    if (done?.to && (Math.abs(done.to.x - done.x) > 4 || done.rows)) {
      if (done.rows) pickRows(done.frame, ...[done.y, done.to.y].sort((a, b) => a - b));
      const [from, until] = [done.x, done.to.x].sort((a, b) => a - b).map(left => time(done.frame, left));
      if (Math.abs(done.to.x - done.x) > 4) zoom(from, until);
      else redraw();
    }
    cursor();
  });
  const leave = () => {
    tip.hidden = true;
    point(null);
  };
  over.addEventListener('pointerleave', leave);
  over.addEventListener('dblclick', () => {
    pickRows?.(null);
    zoom(0, end);
  });
  const chart = {
    name: id,
    canvas: under,
    show: () => {
      redraw();
      cursor();
    },
    point: time => {
      now = time;
      cursor();
    },
    restyle: redraw,
  };
  charts.push(chart);
  fit();
  return chart;
}
