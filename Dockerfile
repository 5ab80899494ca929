# p3mbench on a CPU. Build and try it:
#   docker build -t p3mbench .
#   docker run --rm -v "$PWD/results:/home/user/results" p3mbench run --methods coarse --limit 2
FROM python:3.11-slim

RUN useradd --create-home user
WORKDIR /src
COPY . .
# constraints.txt pins the tested PyTorch. PIP_OPTIONS may name an index with its CPU build.
ARG PIP_OPTIONS=""
RUN pip install --no-cache-dir $PIP_OPTIONS -c constraints.txt . && rm -rf /src/*
USER user
WORKDIR /home/user
ENTRYPOINT ["p3mbench"]
CMD ["--help"]
