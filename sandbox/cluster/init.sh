#!/bin/sh
# The first process in an instance's namespaces: gives the instance its own view of the machine, then becomes the given command.
# Whatever is mounted or written here outside of the instance's directory disappears with the namespaces.
set -eu
state=$1
shift

mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/cgroup /run/state /run/lib/upper /run/lib/work

# Programs find the usual directories of a node below /var/lib; the machine's own stay as they are.
mount --bind "$state" /run/state
mount -t overlay -o lowerdir=/var/lib,upperdir=/run/lib/upper,workdir=/run/lib/work overlay /var/lib
mkdir -p "$state" /var/lib/kubelet /var/lib/containerd
mount --move /run/state "$state"
mount --bind "$state/kubelet" /var/lib/kubelet
mount --bind "$state/containerd" /var/lib/containerd
mount --bind "$state/node-log" /var/log

# /sys shows the network interfaces of the namespace that mounted it, so this one needs its own; the cgroups move over.
mount --rbind /sys/fs/cgroup /run/cgroup
umount --recursive --lazy /sys
mount -t sysfs sysfs /sys
mount --move /run/cgroup /sys/fs/cgroup

mount --make-rshared /

echo 1 >/proc/sys/net/ipv4/ip_forward # between pods, and between them and the host
exec "$@"
