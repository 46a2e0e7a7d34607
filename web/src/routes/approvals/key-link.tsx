// The name of a key, which leads to it where this key may see keys.
import { Link } from '@tanstack/react-router';
import { useSeed } from '../../api/use-command.ts';
import { ForeignText } from '../../ui/foreign-text.tsx';

export function KeyLink({ id, name }: { id: string; name: string }) {
  const { may } = useSeed();
  if (!may('keys get')) return <ForeignText text={name} />;
  return (
    <Link to="/keys/$id" params={{ id }} search className="text-accent underline">
      <ForeignText text={name} />
    </Link>
  );
}
