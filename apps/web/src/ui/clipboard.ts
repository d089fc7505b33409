/**
 * Puts a text on the clipboard; false when the browser does not let us. `navigator.clipboard` exists only over https and
 * on localhost, and the panel is often served over plain http inside a provider's network, so the older way is kept too.
 */
export async function copyText(text: string, near: HTMLElement): Promise<boolean> {
  if ('clipboard' in navigator && window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Permission refused: the older way below does not ask for one.
    }
  }
  // Beside the button and not in <body>: an open dialog takes the focus back from anything outside itself.
  const area = document.createElement('textarea');
  area.value = text;
  area.setAttribute('aria-hidden', 'true');
  area.style.cssText = 'position:fixed;inset:0;width:1px;height:1px;opacity:0';
  (near.parentElement ?? document.body).append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  near.focus();
  return copied;
}
