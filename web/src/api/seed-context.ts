// The signed-in Seed for components below the shell.
import { createContext, useContext } from 'react';
import type { Seed } from './seed.ts';

export const SeedContext = createContext<Seed | null>(null);

export function useSeed(): Seed {
  const seed = useContext(SeedContext);
  if (!seed) throw new Error('useSeed stands outside the shell, where nobody is signed in');
  return seed;
}
