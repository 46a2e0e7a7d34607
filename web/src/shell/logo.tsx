// The mark: a seed that sprouts.
import logoUrl from './logo.svg';

export function Logo({ size = 'size-6' }: { size?: string }) {
  return <img src={logoUrl} alt="" className={size} />;
}
