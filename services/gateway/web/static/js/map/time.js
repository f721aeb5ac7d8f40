/* The months: a slider that moves the first of those that are shown, and a button that steps through them. */
import { monthText, span } from './state.js';

const STEP_MS = 1600;

export function connectTime(app) {
  const time = new Time(app);
  time.show();
  return time;
}

class Time {
  constructor(app) {
    this.app = app;
    this.box = document.getElementById('map-time');
    this.slider = document.getElementById('map-month');
    this.name = document.getElementById('map-month-name');
    this.button = this.box.querySelector('[data-play]');
    this.words = [this.button.textContent, this.button.dataset.pause];
    this.timer = 0;
    this.slider.addEventListener('input', () => this.moveTo(Number(this.slider.value)));
    this.slider.addEventListener('pointerdown', () => this.stop());
    this.button.addEventListener('click', () => (this.timer ? this.stop() : this.play()));
    for (const button of this.box.querySelectorAll('[data-step]')) {
      button.addEventListener('click', () => { this.stop(); this.moveTo(this.first + Number(button.dataset.step)); });
    }
    document.addEventListener('visibilitychange', () => document.hidden && this.stop());
  }

  /* As many months as before, from another one on. */
  moveTo(first) {
    const { months } = this.app;
    const place = Math.min(Math.max(first, 0), months.length - this.length);
    if (place === this.first) return;
    this.app.change({ month: monthText(months[place], months[place + this.length - 1]) });
  }

  show() {
    const { state, months } = this.app;
    const [first, last] = span(state, months);
    [this.first, this.length] = [first, Math.max(last - first + 1, 1)];
    const names = [...new Set([months[first], months[last]])].map(nameOf);
    this.slider.max = Math.max(months.length - this.length, 0);
    this.slider.value = first;
    this.slider.setAttribute('aria-valuetext', names.join(' – '));
    this.name.textContent = names.join(' – ');
  }

  play() {
    const end = () => this.app.months.length - this.length;
    if (this.first >= end()) this.moveTo(0);
    this.timer = setInterval(() => (this.first < end() ? this.moveTo(this.first + 1) : this.stop()), STEP_MS);
    this.showButton();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.showButton();
  }

  showButton() {
    this.button.textContent = this.words[this.timer ? 1 : 0];
    this.button.setAttribute('aria-pressed', String(Boolean(this.timer)));
  }
}

function nameOf(month) {
  const [year, number] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number - 1)).toLocaleDateString('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
}
