// How long answers count as fresh, and what is tried again.
import { QueryClient } from '@tanstack/react-query';
import { AnswerError } from './request.ts';

const MAY_PASS: readonly string[] = ['unreachable', 'unavailable', 'internal', 'rate_limited'];

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) =>
        failures < 2 && error instanceof AnswerError && MAY_PASS.includes(error.code),
    },
    mutations: { retry: false },
  },
});
