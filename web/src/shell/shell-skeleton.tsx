// What stands while it is found out who is signed in.
import { SkeletonRows } from '../ui/states.tsx';

export function ShellSkeleton() {
  return (
    <main className="mx-auto max-w-3xl pt-16">
      <SkeletonRows rows={6} />
    </main>
  );
}
