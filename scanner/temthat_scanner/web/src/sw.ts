/**
 * The app's own files, kept on the device: it opens without a network after the first visit.
 *
 * A new version is fetched whole beside the old one and takes over when the person says so; what waits to be sent is in
 * IndexedDB and not touched. Nothing but the app's own files is ever kept here.
 */

declare const self: ServiceWorkerGlobalScope;
/** Every file of the app, and the digest that names this version; filled in by the build. */
declare const __FILES__: string[];
declare const __DIGEST__: string;

const CACHE = `temthat-${__DIGEST__}`;

self.addEventListener("install", (event) => {
  const fetched = __FILES__.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fetched)));
});

self.addEventListener("activate", (event) => {
  const old = async () => {
    const names = (await caches.keys()).filter((name) => name.startsWith("temthat-") && name !== CACHE);
    await Promise.all(names.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(old());
});

self.addEventListener("message", (event) => {
  if (event.data === "use") void self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const scope = new URL(self.registration.scope);
  if (event.request.method !== "GET" || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return;
  const file = url.pathname === scope.pathname ? "index.html" : url.pathname.slice(scope.pathname.length);
  event.respondWith(caches.match(new URL(file, scope).href, { ignoreSearch: true }).then((kept) => kept ?? fetch(event.request)));
});

export {};
