// Text that Seed itself keeps and finds again by: names, labels, what is searched for. In Unicode's normal form C,
// since the same letters come in two forms. Texts of packs and instructions stay as they were written.
import { z } from 'zod';

export const keptText = z.string().normalize('NFC');

/** The ways in which what is searched for may have been written: normal form C, and D where that differs. */
export function writtenForms(text: string): string[] {
  return [...new Set([text.normalize('NFC'), text.normalize('NFD')])];
}
