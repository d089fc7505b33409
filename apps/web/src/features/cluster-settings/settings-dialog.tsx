import { settingsPatchSchema, type ClusterSettings, type SettingsPatch } from '@proxpanel/contracts/settings';
import { useState } from 'react';
import { toast } from 'sonner';
import { useChangeSettings } from '../../api/cluster-actions.ts';
import { ApiError, sentenceOf } from '../../api/errors.ts';
import { refusedBy } from '../../api/reasons.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Failure } from '../../ui/banner.tsx';
import { Button, ReasonedButton } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { CheckField, SelectField, TextField } from '../../ui/field.tsx';
import {
  hintWithDefault,
  settingFields,
  settingGroups,
  typedValue,
  wireValue,
  type SettingField,
  type SettingName,
} from './setting-fields.ts';

type Typed = Record<SettingName, string>;
type Errors = Partial<Record<SettingName, string>>;

function typedSettings(settings: ClusterSettings): Typed {
  return Object.fromEntries(settingFields.map((field) => [field.name, typedValue(field, settings)])) as Typed;
}

/** Only what differs from the start is sent, so that a change by somebody else meanwhile is not undone. */
function changes(before: Typed, now: Typed): { patch: SettingsPatch; errors: Errors } {
  const changed = settingFields.filter((field) => before[field.name] !== now[field.name]);
  const wire = Object.fromEntries(changed.map((field) => [field.name, wireValue(field, now[field.name])]));
  if (changed.length === 0) return { patch: {}, errors: {} };
  const parsed = settingsPatchSchema.safeParse(wire);
  if (parsed.success) return { patch: parsed.data, errors: {} };
  const errors: Errors = {};
  for (const issue of parsed.error.issues) {
    const name = issue.path[0] as SettingName | undefined;
    if (name !== undefined) errors[name] ??= Number.isNaN(wire[name]) ? 'Type a number.' : issue.message;
  }
  return { patch: {}, errors };
}

interface SettingsDialogProps {
  settings: ClusterSettings;
  /** The change that it opens with, where somebody asked for that one. */
  durability?: ClusterSettings['durability'] | undefined;
}

/** The server names the setting that it refuses; its sentence then stands beside that field. */
function refusedField(error: Error | null): Errors {
  if (!(error instanceof ApiError) || error.field === null) return {};
  const field = settingFields.find((candidate) => candidate.name === error.field);
  return field === undefined ? {} : { [field.name]: error.message };
}

/** The settings form. */
export function SettingsDialog({ settings, durability }: SettingsDialogProps) {
  const close = useClusterPage((state) => state.close);
  const change = useChangeSettings(() => {
    toast.success('The settings are saved.');
    close();
  });
  const [before] = useState(() => typedSettings(settings));
  const [now, setNow] = useState(() => (durability === undefined ? before : { ...before, durability }));
  const [errors, setErrors] = useState<Errors>({});
  const touched = settingFields.some((field) => before[field.name] !== now[field.name]);
  const save = (): void => {
    const result = changes(before, now);
    setErrors(result.errors);
    if (Object.keys(result.patch).length === 0) return;
    change.mutate(result.patch);
  };
  const shownErrors: Errors = { ...refusedField(change.error), ...errors };
  return (
    <Dialog
      title="Change settings"
      description="They count on every server of the cluster."
      wide
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <ReasonedButton
            align="end"
            kind="primary"
            busy={change.isPending}
            reasons={touched ? [] : ['Nothing is changed yet.']}
            onClick={save}
          >
            Save
          </ReasonedButton>
        </>
      }
    >
      {settingGroups.map((group) => (
        <fieldset key={group.title}>
          <legend className="mb-2 font-semibold">{group.title}</legend>
          <div className="grid items-start gap-4 sm:grid-cols-2">
            {group.fields.map((field) => (
              <SettingInput
                key={field.name}
                field={field}
                value={now[field.name]}
                error={shownErrors[field.name]}
                onChange={(value) => {
                  setNow({ ...now, [field.name]: value });
                }}
              />
            ))}
          </div>
        </fieldset>
      ))}
      {change.isError ? <Failure sentence={sentenceOf(change.error)} reasons={refusedBy(change.error)} /> : null}
    </Dialog>
  );
}

interface SettingInputProps {
  field: SettingField;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

function SettingInput({ field, value, error, onChange }: SettingInputProps) {
  if (field.kind === 'switch') {
    return (
      <div className="sm:col-span-2">
        <CheckField
          label={field.label}
          hint={hintWithDefault(field)}
          error={error}
          checked={value === 'true'}
          onChange={(event) => {
            onChange(String(event.currentTarget.checked));
          }}
        />
      </div>
    );
  }
  if (field.kind === 'durability') {
    return (
      <SelectField
        label={field.label}
        hint={hintWithDefault(field)}
        error={error}
        value={value}
        onChange={(event) => {
          onChange(event.currentTarget.value);
        }}
      >
        <option value="async">async: the main server alone acknowledges</option>
        <option value="sync">sync: a secondary must have it too</option>
      </SelectField>
    );
  }
  return (
    <TextField
      label={field.label}
      hint={hintWithDefault(field)}
      error={error}
      inputMode="decimal"
      value={value}
      onChange={(event) => {
        onChange(event.currentTarget.value);
      }}
    />
  );
}
