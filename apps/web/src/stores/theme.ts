/** The colour theme: page state of this browser alone, kept in localStorage. */
import { create } from 'zustand';

export type ThemeChoice = 'system' | 'light' | 'dark';

const storageKey = 'proxpanel.theme';
const darkQuery = '(prefers-color-scheme: dark)';

function isThemeChoice(value: string | null): value is ThemeChoice {
  return value === 'system' || value === 'light' || value === 'dark';
}

function storedChoice(): ThemeChoice {
  const stored = window.localStorage.getItem(storageKey);
  return isThemeChoice(stored) ? stored : 'system';
}

interface ThemeState {
  choice: ThemeChoice;
  choose: (choice: ThemeChoice) => void;
}

export const useTheme = create<ThemeState>((set) => ({
  choice: storedChoice(),
  choose: (choice) => {
    window.localStorage.setItem(storageKey, choice);
    set({ choice });
  },
}));

function applyTheme(choice: ThemeChoice): void {
  const dark = choice === 'dark' || (choice === 'system' && window.matchMedia(darkQuery).matches);
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
}

/** Keeps `<html data-theme>` in step with the choice and with the system. Called once, before the first render. */
export function startTheme(): void {
  applyTheme(useTheme.getState().choice);
  useTheme.subscribe((state) => {
    applyTheme(state.choice);
  });
  window.matchMedia(darkQuery).addEventListener('change', () => {
    applyTheme(useTheme.getState().choice);
  });
}
