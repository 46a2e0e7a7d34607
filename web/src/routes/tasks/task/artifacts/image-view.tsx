// A raster image from an artifact.
import { useEffect, useState } from 'react';

export function ImageView({ content, name }: { content: Blob; name: string }) {
  const [url, setUrl] = useState<string | null>(null);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    const made = URL.createObjectURL(content);
    setUrl(made);
    setBroken(false);
    return () => URL.revokeObjectURL(made);
  }, [content]);
  if (broken) return <p className="text-muted">This is not the image that it says it is. Download it.</p>;
  if (url === null) return null;
  return (
    <img
      src={url}
      alt={name}
      onError={() => setBroken(true)}
      className="max-h-[70vh] max-w-full self-start rounded-lg border border-line object-contain"
    />
  );
}
