import type { ReactNode } from 'react';

export interface Column<Row> {
  key: string;
  title: string;
  cell: (row: Row) => ReactNode;
  /** Taken away on a narrow page, where the rest must fit. */
  onlyWide?: boolean;
  /** For figures. */
  alignEnd?: boolean;
  /** Which way the rows are ordered by it now, and what a press does; absent where they cannot be. */
  order?: { direction: 'ascending' | 'descending' | 'none'; onPress: () => void };
  /** Names a column of buttons for a screen reader alone. */
  hideTitle?: boolean;
}

interface TableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string | number;
}

function cellClass<Row>({ onlyWide = false, alignEnd = false }: Column<Row>): string {
  return `${onlyWide ? 'hidden md:table-cell' : ''} ${alignEnd ? 'text-right' : ''} px-2 py-1.5 first:pl-0 last:pr-0`;
}

const signs = { ascending: '▲', descending: '▼', none: '' } as const;

/** Rows of one kind. It scrolls by itself where the page is too narrow for it. */
export function Table<Row>({ label, columns, rows, rowKey }: TableProps<Row>) {
  return (
    <div role="region" aria-label={label} tabIndex={0} className="relative overflow-x-auto">
      <table className="w-full border-collapse text-left">
        <thead>
          <tr className="border-b border-line text-sm text-muted">
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                aria-sort={column.order === undefined ? undefined : column.order.direction}
                className={`${cellClass(column)} font-medium whitespace-nowrap`}
              >
                <Title column={column} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} className="border-b border-line last:border-0 hover:bg-sunken/50">
              {columns.map((column) => (
                <td key={column.key} className={cellClass(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Title<Row>({ column }: { column: Column<Row> }) {
  if (column.hideTitle === true) return <span className="sr-only">{column.title}</span>;
  const { order } = column;
  if (order === undefined) return column.title;
  return (
    <button type="button" className="font-medium hover:text-ink" onClick={order.onPress}>
      {column.title} <span aria-hidden="true">{signs[order.direction]}</span>
    </button>
  );
}
