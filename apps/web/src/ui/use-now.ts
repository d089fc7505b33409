import { useEffect, useState } from 'react';

/** The browser's time in ms since the epoch, renewed each second while the component is shown. */
export function useNow(): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => {
      setNowMs(Date.now());
    }, 1_000);
    return () => {
      window.clearInterval(timer);
    };
  }, []);
  return nowMs;
}
