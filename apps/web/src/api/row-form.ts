/** A form for one row: checked by its schema, refused beside its fields, and never written over somebody else's change. */
import { zodResolver } from '@hookform/resolvers/zod';
import { useState, type SubmitEvent } from 'react';
import { useForm, type DefaultValues, type FieldPath, type FieldValues } from 'react-hook-form';
import type { z } from 'zod';
import { ApiError } from './errors.ts';
import { isRowChanged, shownFault } from './faults.ts';
import { usePanelChange } from './panel-changes.ts';
import { useWrites } from './writes.ts';

interface RowFormOptions<Row, Values extends FieldValues, Body extends object, Reply> {
  /** What is changed; null for a new one. */
  row: Row | null;
  /** From what is typed to what is sent. Fields have the names that they have on the wire, so that a refusal finds them. */
  schema: z.ZodType<Body, Values>;
  valuesOf: (row: Row | null) => Values;
  /** The typed values as a person reads them, each with its label; a secret only as "typed". */
  said: (values: Values) => readonly (readonly [label: string, text: string])[];
  add: (body: Body) => Promise<Reply>;
  /** Gets only the fields that were changed. */
  change: (row: Row, body: Partial<Body>) => Promise<Reply>;
  readNewer: (row: Row) => Promise<Row>;
  onSaved: (reply: Reply) => void;
}

export function useRowForm<Row, Values extends FieldValues, Body extends object, Reply>(
  options: RowFormOptions<Row, Values, Body, Reply>,
) {
  const { schema, valuesOf, said } = options;
  const { reasons } = useWrites();
  const [row, setRow] = useState(options.row);
  const [replaced, setReplaced] = useState<{ label: string; typed: string; now: string }[] | null>(null);
  const form = useForm<Values, unknown, Body>({
    resolver: zodResolver(schema),
    defaultValues: valuesOf(row) as DefaultValues<Values>,
  });
  const { isDirty, dirtyFields } = form.formState;
  const save = usePanelChange(
    (body: Body) => (row === null ? options.add(body) : options.change(row, onlyNamed(body, dirtyFields))),
    options.onSaved,
  );
  const newer = usePanelChange(options.readNewer, (found) => {
    const now = valuesOf(found);
    const nowSaid = new Map(said(now));
    const lost = said(form.getValues()).map(([label, typed]) => ({ label, typed, now: nowSaid.get(label) ?? '' }));
    setReplaced(lost.filter((field) => field.typed !== field.now));
    setRow(found);
    form.reset(now);
    save.reset();
  });
  const submit = form.handleSubmit((body) => {
    save.mutate(body, {
      onError: (error) => {
        const field = fieldAtFault(error, valuesOf(row));
        if (field !== null) form.setError(field, { message: error.message }, { shouldFocus: true });
      },
    });
  });
  const error = newer.error ?? save.error;
  const isInline = save.error !== null && fieldAtFault(save.error, valuesOf(row)) !== null;
  return {
    form,
    row,
    /** For the dialog around it. */
    dialog: {
      onSubmit: (event: SubmitEvent<HTMLFormElement>) => void submit(event),
      busy: save.isPending,
      // An unchanged row need not be saved.
      reasons: row !== null && !isDirty ? [...reasons, 'Nothing is changed yet.'] : reasons,
      replaced,
      conflict:
        row !== null && isRowChanged(save.error)
          ? {
              sentence: save.error?.message ?? '',
              isLoading: newer.isPending,
              loadNewer: () => {
                newer.mutate(row);
              },
            }
          : null,
      // What neither a field nor the conflict says.
      fault: newer.error === null && (isInline || isRowChanged(save.error)) ? null : shownFault(error),
    },
  };
}

type NewRowOptions<Values extends FieldValues, Body extends object, Reply> = Pick<
  RowFormOptions<never, Values, Body, Reply>,
  'schema' | 'add' | 'onSaved'
> & { empty: Values };

const neverChanged = (): Promise<never> => Promise.reject(new Error('A new row has no version to change.'));

/** The same for what is only ever added, such as a payment. */
export function useNewRowForm<Values extends FieldValues, Body extends object, Reply>({
  empty,
  ...options
}: NewRowOptions<Values, Body, Reply>) {
  return useRowForm<never, Values, Body, Reply>({
    ...options,
    row: null,
    valuesOf: () => empty,
    said: () => [],
    change: neverChanged,
    readNewer: neverChanged,
  });
}

/** The field that the server refuses, if the form has it. */
function fieldAtFault<Values extends FieldValues>(error: Error, values: Values): FieldPath<Values> | null {
  if (!(error instanceof ApiError) || error.field === null || !(error.field in values)) return null;
  return error.field as FieldPath<Values>;
}

function onlyNamed<Body extends object>(body: Body, named: object): Partial<Body> {
  return Object.fromEntries(Object.entries(body).filter(([name]) => name in named)) as Partial<Body>;
}
