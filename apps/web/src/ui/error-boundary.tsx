import { Component, type ReactNode } from 'react';
import { Button } from './button.tsx';
import { StatePage } from './state-page.tsx';

interface ErrorBoundaryState {
  error: Error | null;
}

/**
 * Shows a sentence instead of a blank page when a part cannot be shown. The likeliest cause is an update of the panel: the
 * files that this page still names are gone, and a reload names the new ones.
 */
export class ErrorBoundary extends Component<{ children: ReactNode }, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { error: null };

  static getDerivedStateFromError(error: unknown): ErrorBoundaryState {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className="px-5" role="alert">
        <StatePage title="This page cannot be shown">
          <p>The panel may have been updated meanwhile. Reload the page to go on.</p>
          <p className="text-sm break-words text-muted">{error.message}</p>
          <div>
            <Button
              kind="primary"
              onClick={() => {
                window.location.reload();
              }}
            >
              Reload
            </Button>
          </div>
        </StatePage>
      </div>
    );
  }
}
