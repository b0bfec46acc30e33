// What all charts use: the data, colours, and a few small helpers.

const page = document.documentElement;
const data = JSON.parse(document.getElementById('data').textContent);
const { record, marks } = data;
const { moments, groups, map } = record;
const HELD = ['alive', 'suspect', 'faulty', 'other', 'unknown'];
const HELD_NAMES = ['alive', 'suspect', 'faulty', 'left or forgotten', 'not listed'];
const LEFT = 64,
  RIGHT = 16;

const css = name =>
  getComputedStyle(page)
    .getPropertyValue('--' + name)
    .trim();
const find = (id, part) => document.querySelector(`#${id} .${part}`);
const grouped = number => Number(number).toLocaleString('en-US', { maximumFractionDigits: 2 });
const seconds = time => `${grouped(Math.round(time * 1000) / 1000)} s`;
const percent = (part, whole) =>
  whole ? `${((100 * part) / whole).toFixed(part === 0 || part === whole ? 0 : 1)} %` : '–';
const sum = list => list.reduce((a, b) => a + b, 0);

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// A line of a legend.
function swatch(colour, name, value) {
  const spot = element('i');
  spot.style.background = colour;
  return element('div', { className: 'row' }, spot, element('span', {}, name), element('b', {}, value));
}

// Buttons of which one is pressed; `choose` learns its number.
function choices(host, title, names, pressed, choose) {
  const buttons = names.map((name, n) => element('button', { type: 'button', onclick: () => press(n) }, name));
  const show = n => buttons.forEach((button, other) => button.setAttribute('aria-pressed', String(other === n)));
  const press = n => {
    show(n);
    choose(n);
  };
  host.append(...(title ? [element('span', {}, title)] : []), ...buttons);
  show(pressed);
}

function rgb(colour) {
  const number = parseInt(colour.slice(1, 7), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

// Colours are mixed as light is, not as their numbers are.
const toLight = value => (value / 255) ** 2.2;
const fromLight = value => Math.round(255 * value ** (1 / 2.2));
function mix(colours, shares) {
  const mixed = [0, 0, 0];
  colours.forEach((colour, n) =>
    rgb(colour).forEach((value, part) => {
      mixed[part] += shares[n] * toLight(value);
    }),
  );
  return mixed.map(fromLight);
}
const hex = parts => '#' + parts.map(part => part.toString(16).padStart(2, '0')).join('');
