# Not built where this project is made (no container engine there): take it as a starting point and report what breaks.
FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends make libegl1 libgl1 libgl1-mesa-dri libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /spineforge
COPY . .
RUN make setup TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENTRYPOINT [".venv/bin/spineforge"]
CMD ["demo"]
