# Production image: production packages only, not root, writes only to /app/data.
# docker build --build-arg REVISION="$(git rev-parse HEAD)" -t preferred-product-cds .

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-slim
ARG VERSION=0.2.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="preferred-product-cds" \
  org.opencontainers.image.description="A CDS Hooks order-sign service that carries out a payer's preferred product policy" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="$VERSION" \
  org.opencontainers.image.revision="$REVISION"
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=packages /app/node_modules ./node_modules
COPY src ./src
COPY cards ./cards
# Default location of the SQLite file. 1000 is the base image's user "node"; Kubernetes needs the number to verify that it is not root.
RUN mkdir data && chown 1000:1000 data
VOLUME /app/data
USER 1000:1000
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Half of the container's memory limit goes to old objects; the rest to young objects, buffers, code, and SQLite. Request bodies get a third of the heap.
CMD ["node", "--max-old-space-size-percentage=50", "src/main.ts"]
