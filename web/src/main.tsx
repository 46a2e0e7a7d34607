// Starts the dashboard. Only wires.
import './styles/theme.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BASE_PATH } from './api/base-path.ts';
import { queryClient, router } from './routes/router.tsx';

// Opened past the proxy in front, whose paths begin with the prefix.
if (!`${window.location.pathname}/`.startsWith(`${BASE_PATH}/`)) {
  const { pathname, search, hash } = window.location;
  window.location.replace(BASE_PATH + pathname + search + hash);
}
const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
