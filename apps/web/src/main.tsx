import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import { config as configureZod } from 'zod';
import { makeQueryClient } from './api/query-client.ts';
import { PanelRoutes } from './pages/panel-routes.tsx';
import { startTheme } from './stores/theme.ts';
import './styles.css';

// The page's content security policy forbids code made from strings, which zod would otherwise try.
configureZod({ jitless: true });
startTheme();

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no #root element.');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={makeQueryClient()}>
      <BrowserRouter>
        <PanelRoutes />
      </BrowserRouter>
    </QueryClientProvider>
  </StrictMode>,
);
