// Draws every figure of the page and makes its tables sortable.
document.querySelectorAll('[data-figure]').forEach((box) => figures[box.dataset.figure](box, box.dataset.subject));
document.querySelectorAll('table.sortable').forEach((table) => {
  const filters = table.closest('section').querySelector('.filters');
  if (table.dataset.filters) page.filterable(table, filters, table.dataset.filters.split(','));
  page.sortable(table);
});
