// Connects what this server knows without asking the database again with whoever changes it. A cache adds itself
// to its subject; who changes the subject has it forgotten once the change is committed.

/** `ended tasks`: what became known of a task after its end, such as what a late call of its model cost. */
export type Subject = 'keys' | 'ended tasks';

/** Forgets all, or at least what is this task's. */
type Forget = (taskId?: string) => void;

export type Caches = ReturnType<typeof createCaches>;

export function createCaches() {
  const forgets: Record<Subject, Forget[]> = { keys: [], 'ended tasks': [] };
  return {
    /** Calls `forget`, which must not throw, whenever the subject has changed. */
    add: (subject: Subject, forget: Forget) => void forgets[subject].push(forget),
    /** The subject has changed: every question about it, or what of it is the task's, is asked anew. */
    forget(subject: Subject, taskId?: string): void {
      for (const forget of forgets[subject]) forget(taskId);
    },
  };
}
