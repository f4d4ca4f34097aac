"""The guest inside the image: busybox as init, DHCP, the metadata service, dropbear, a login prompt."""

from __future__ import annotations

INITTAB = """\
::sysinit:/etc/boot
ttyS0::respawn:/sbin/getty -L 115200 ttyS0 vt100
::ctrlaltdel:/sbin/reboot
::shutdown:/bin/umount -a -r
"""

SSH_LINE = "::respawn:/usr/sbin/dropbear -F -s -r /etc/dropbear/host_key\n"
"""-s: no passwords. root has none anyway."""

BOOT = """\
#!/bin/sh
export PATH=/sbin:/bin:/usr/sbin:/usr/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts && mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
dmesg -n 4
for module in @MODULES@; do insmod /lib/modules/$module.ko; done
ip link set lo up
ip link set eth0 up
udhcpc -i eth0 -q -n -t 6 -T 1 -s /etc/lease >/dev/null 2>&1 || {
    ip addr add 10.0.2.15/24 dev eth0
    ip route add default via 10.0.2.2
}
/etc/metadata
@HOST_KEYS@
"""

HOST_KEYS = """\
mkdir -p /etc/dropbear
dropbearkey -t ed25519 -f /etc/dropbear/host_key >/run/host_key.txt 2>/dev/null
echo '-----BEGIN SSH HOST KEY FINGERPRINTS-----' >/dev/console
echo "256 $(sed -n 's/^Fingerprint: //p' /run/host_key.txt) root@$(hostname) (ED25519)" >/dev/console
echo '-----END SSH HOST KEY FINGERPRINTS-----' >/dev/console
echo '-----BEGIN SSH HOST KEY KEYS-----' >/dev/console
grep '^ssh-' /run/host_key.txt >/dev/console
echo '-----END SSH HOST KEY KEYS-----' >/dev/console
"""

LEASE = """\
#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr flush dev "$interface"
ip addr add "$ip/${mask:-24}" dev "$interface"
for one in $router; do ip route replace default via "$one"; done
: >/etc/resolv.conf
for one in $dns; do echo "nameserver $one" >>/etc/resolv.conf; done
exit 0
"""

METADATA = """\
#!/bin/sh
# Hostname, public key and user data from the metadata service (IMDSv2, as every EC2 has it).
service=169.254.169.254
ask='PUT /latest/api/token HTTP/1.0\\r\\nHost: %s\\r\\nContent-Length: 0\\r\\n'
ask="${ask}X-aws-ec2-metadata-token-ttl-seconds: 300\\r\\n\\r\\n"
token=$(printf "$ask" $service |
    timeout 5 nc $service 80 | tr -d '\\r' | sed '1,/^$/d')
[ -n "$token" ] || { echo 'metadata: there is no service' >/dev/console; exit 0; }
get() { timeout 5 wget -q -O - --header "X-aws-ec2-metadata-token: $token" "http://$service/latest/$1"; }
name=$(get meta-data/local-hostname 2>/dev/null) && hostname "${name%%.*}"
get meta-data/public-keys/0/openssh-key 2>/dev/null >>/root/.ssh/authorized_keys
if get user-data 2>/dev/null >/run/user-data; then
    echo "metadata: $(wc -c </run/user-data) bytes of user data in /run/user-data" >/dev/console
    if [ "$(head -c 2 /run/user-data)" = '#!' ]; then
        chmod 700 /run/user-data
        /run/user-data >/dev/console 2>&1
    fi
fi
exit 0
"""

PANIC = """\
#!/bin/sh
echo 'This image panics, as it was made to.' >/dev/console
exit 1
"""
"""As init: Linux panics when it ends."""

ISSUE = "extenci sandbox image on \\n (\\r)\n\n"
PASSWD = "root:*:0:0:root:/root:/bin/sh\n"  # noqa: S105 - nobody's password
SHELLS = "/bin/sh\n"
GROUP = "root:x:0:\n"
