import { useTheme, type ThemeChoice } from '../stores/theme.ts';
import { Card } from '../ui/card.tsx';
import { Choice } from '../ui/field.tsx';
import { useTitle } from '../ui/use-title.ts';

const choices: readonly { choice: ThemeChoice; label: string; explanation: string }[] = [
  { choice: 'system', label: 'Like the system', explanation: 'Light or dark as this computer is set.' },
  { choice: 'light', label: 'Light', explanation: 'Dark letters on a light ground.' },
  { choice: 'dark', label: 'Dark', explanation: 'Light letters on a dark ground.' },
];

/** Kept in this browser, for this person. */
export function AppearancePage() {
  useTitle('Appearance');
  const { choice, choose } = useTheme();
  return (
    <Card title="Appearance">
      <fieldset className="flex max-w-md flex-col gap-2">
        <legend className="mb-2 text-muted">Colours, in this browser</legend>
        {choices.map((item) => (
          <Choice
            key={item.choice}
            name="theme"
            label={item.label}
            explanation={item.explanation}
            checked={choice === item.choice}
            onChange={() => {
              choose(item.choice);
            }}
          />
        ))}
      </fieldset>
    </Card>
  );
}
