# Unrolled in a container: docker build -t unrolled . && docker run --rm -p 127.0.0.1:8000:8000 unrolled

FROM python:3.11-slim AS build
# pip reads these from the environment: --build-arg PIP_EXTRA_INDEX_URL=… names an index with CPU builds of torch.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
WORKDIR /build
RUN python -m venv --without-pip /opt/unrolled
# torch comes before the sources: a change of code does not fetch it again.
COPY constraints.txt ./
RUN python -m pip --python /opt/unrolled/bin/python install --no-cache-dir -c constraints.txt torch
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY static static
COPY templates templates
RUN python -m pip wheel --no-cache-dir --no-deps -w wheels . && \
    python -m pip --python /opt/unrolled/bin/python install --no-cache-dir -c constraints.txt wheels/*.whl

# Only the finished environment arrives here: no sources, no pip in it, no cache.
FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin unrolled && \
    install --directory --owner 10001 /srv/unrolled /var/lib/unrolled
COPY --from=build /opt/unrolled /opt/unrolled
# Inside a container every address is the container's own; what the host shows is up to -p.
ENV PATH=/opt/unrolled/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000 UNROLLED_DATA=/var/lib/unrolled
WORKDIR /srv/unrolled
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=4)"]
CMD ["python", "-m", "app", "serve"]
