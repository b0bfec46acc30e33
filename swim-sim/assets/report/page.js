// The page: everything is put in its place.

document.querySelector('h1').textContent = data.title;
document.querySelector('.description').textContent = data.description;
const [[ended, word]] = Object.entries(data.verdict);
Object.assign(document.querySelector('.verdict'), { className: `verdict ${ended}`, textContent: word });
document
  .querySelector('.facts')
  .append(...data.facts.map(fact => element('div', {}, element('dt', {}, fact.name), element('dd', {}, fact.value))));
document.querySelector('nav .whole').onclick = () => zoom(0, end);
drawEvents();
drawMatrix();
if (times.length) {
  drawMap();
  drawLists();
  drawTraffic('messages', 'first', 'messages a second');
  drawTraffic('bytes', 'first', 'bytes a second');
  drawHealth();
} else {
  for (const id of ['map', 'lists', 'messages', 'bytes', 'health']) document.getElementById(id).hidden = true;
}
drawDetection();
drawDissemination();
zoom(0, end);
point(null);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  charts.forEach(chart => chart.restyle?.());
  point(null);
});
// uPlot draws once this script is done.
setTimeout(lookAtIt, 0);
