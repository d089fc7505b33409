import { subscriberStateSchema } from '@proxpanel/contracts/subscribers';
import { useResellers } from '../../api/resellers.ts';
import { useServices } from '../../api/services.ts';
import { useMe } from '../../api/session.ts';
import { SelectField, TextField } from '../../ui/field.tsx';
import { wordText } from '../../ui/format.ts';
import { useDebouncedText } from '../../ui/use-debounced-text.ts';
import type { ListChange, ListView } from './list-address.ts';

interface SubscriberFiltersProps {
  view: ListView;
  onChange: (change: ListChange) => void;
}

/** Which subscribers are shown. */
export function SubscriberFilters({ view, onChange }: SubscriberFiltersProps) {
  const isAdmin = useMe().data?.user.role === 'admin';
  const services = useServices().data?.services ?? [];
  const resellers = useResellers(isAdmin).data?.resellers ?? [];
  const [search, setSearch, searchNow] = useDebouncedText(view.search, (text) => {
    onChange({ search: text });
  });
  return (
    <div role="search" className={`grid grid-cols-2 gap-3 ${isAdmin ? 'lg:grid-cols-4' : 'lg:grid-cols-3'}`}>
      <TextField
        label="Search"
        type="search"
        placeholder="Part of a user name"
        maxLength={64}
        value={search}
        onChange={(event) => {
          setSearch(event.currentTarget.value);
        }}
        onBlur={searchNow}
      />
      <SelectField
        label="State"
        value={view.state ?? ''}
        onChange={(event) => {
          const parsed = subscriberStateSchema.safeParse(event.currentTarget.value);
          onChange({ state: parsed.success ? parsed.data : undefined });
        }}
      >
        <option value="">Every state</option>
        {subscriberStateSchema.options.map((state) => (
          <option key={state} value={state}>
            {state === 'expiring' ? 'Expiring in 7 days' : wordText(state)}
          </option>
        ))}
      </SelectField>
      <IdFilter
        label="Service"
        everything="Every service"
        id={view.service_id}
        choices={services}
        onChange={(id) => {
          onChange({ service_id: id });
        }}
      />
      {isAdmin ? (
        <IdFilter
          label="Reseller"
          everything="Every reseller"
          id={view.reseller_id}
          choices={resellers.map(({ id, username }) => ({ id, name: username }))}
          onChange={(id) => {
            onChange({ reseller_id: id });
          }}
        />
      ) : null}
    </div>
  );
}

interface IdFilterProps {
  label: string;
  everything: string;
  id: number | undefined;
  choices: readonly { id: number; name: string }[];
  onChange: (id: number | undefined) => void;
}

function IdFilter({ label, everything, id, choices, onChange }: IdFilterProps) {
  const isKnown = id === undefined || choices.some((choice) => choice.id === id);
  return (
    <SelectField
      label={label}
      value={id ?? ''}
      onChange={(event) => {
        const { value } = event.currentTarget;
        onChange(value === '' ? undefined : Number(value));
      }}
    >
      <option value="">{everything}</option>
      {isKnown ? null : <option value={id}>Number {id}</option>}
      {choices.map((choice) => (
        <option key={choice.id} value={choice.id}>
          {choice.name}
        </option>
      ))}
    </SelectField>
  );
}
