# The control plane as a container, for people who would rather not build it on the host.
# It drives the Docker Engine whose socket it is given; see docker-compose.yml.

FROM rust:1-bookworm AS build
WORKDIR /build
COPY . .
# The router becomes an image of its own at run time, with nothing else in it: it must be static.
RUN cargo build --release --locked --package cacheplane \
    && triple="$(rustc -vV | sed -n 's/^host: //p')" \
    && RUSTFLAGS="-C target-feature=+crt-static" \
       cargo build --release --locked --package cacheplane-router --target "$triple" \
    && mkdir /out \
    && cp target/release/cacheplane "target/$triple/release/cacheplane-router" /out/

FROM debian:bookworm-slim
# The control plane looks for the router beside itself.
COPY --from=build /out/ /usr/local/bin/
VOLUME /var/lib/cacheplane
EXPOSE 4570
# Stops as on Ctrl-C: caches go on without it, that is its first promise.
STOPSIGNAL SIGINT
ENTRYPOINT ["cacheplane"]
CMD ["serve", "--data-dir", "/var/lib/cacheplane"]
