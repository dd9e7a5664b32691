'use strict';
// Shows the rows that have every word of the search box. Without this script everything is shown.
const search = document.getElementById('search');
const found = document.getElementById('found');
const rows = Array.from(document.querySelectorAll('tr[data-row]'));
const groups = Array.from(document.querySelectorAll('details')).map((group) => ({ group, open: group.open, rows: [] }));
const ofGroup = new Map(groups.map((one) => [one.group, one]));
const texts = new Map();
for (const row of rows) ofGroup.get(row.closest('details'))?.rows.push(row);

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    if (words.length && !texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    row.hidden = !words.every((word) => texts.get(row).includes(word));
    if (!row.hidden) shown += 1;
  }
  for (const one of groups) {
    const hits = one.rows.some((row) => !row.hidden);
    one.group.hidden = words.length > 0 && !hits;
    one.group.open = words.length > 0 ? hits : one.open;
  }
  found.textContent = words.length ? `${shown.toLocaleString('en')} of ${rows.length.toLocaleString('en')} rows` : '';
}

if (rows.length) {
  search.closest('.search').hidden = false;
  let waiting = 0;
  search.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  });
  search.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      search.value = '';
      filter();
    }
  });
}
