# SPDX-License-Identifier: BSD-2-Clause
"""What happens around the commands of a runbook, as scripts of bash that run
in the same shell: how its machine is made, what goes wrong before a heading's
first command, and what has to hold after its last."""

# Before the first command of a machine. count USER: its messages here.
PRELUDE = """
export PATH=/usr/local/bin:$PATH SHARED={dir}/shared HOME=/root
cd /root
count() {{ find /var/lib/mailhaul/mail/$1 -type f \\
	\\( -path '*/cur/*' -o -path '*/new/*' \\) | wc -l; }}
fail() {{ echo "@@ failed: $*"; exit 1; }}
whole() {{
	[ $(count anna) = {anna} ] || fail "anna has $(count anna) messages"
	[ $(count boris) = {boris} ] || fail "boris has $(count boris) messages"
}}
install -m 755 {dir}/mailhaul /usr/bin/mailhaul
for name in answer systemctl systemd-run journalctl rsync dpkg; do
	install -m 755 {dir}/standin.py /usr/local/bin/$name
done
install -D -m 644 {dir}/mailhaul.service \\
	/usr/lib/systemd/system/mailhaul.service
install -D -m 644 {dir}/mailhaul.sysusers /usr/lib/sysusers.d/mailhaul.conf
install -D -m 644 {dir}/mailhaul.tmpfiles /usr/lib/tmpfiles.d/mailhaul.conf
systemd-sysusers mailhaul.conf
systemd-tmpfiles --create mailhaul.conf 2>&1 | grep mailhaul || true
mkdir -p /etc/mailhaul
cat >/etc/mailhaul/mailhaul.conf <<END
[network]
allow_private = yes
[tls]
ca_file = /etc/mailhaul/ca.pem
END
cp {dir}/ca.pem /etc/mailhaul/
chmod 644 /etc/mailhaul/*
echo '127.0.0.1 localhost {names}' >/etc/hosts
mkdir -p /safe/place /backup
chown mailhaul /backup
echo {password} >/root/password
cp /root/password /root/new-password
systemctl enable --now mailhaul
"""

ENROL = """
as() { runuser -u mailhaul -- mailhaul "$@"; }
as add anna imaps://anna%40example.org@imap.example.org \\
	--password-file - </root/password
as add boris pop3s://boris@pop.example.org --password-file - </root/password
as sync --all --wait
as failures
whole
"""

LOSE_THE_JOB_TABLE = """
systemctl stop mailhaul
head -c 5000 /dev/zero >/var/lib/mailhaul/mailhaul.db
rm /var/lib/mailhaul/mailhaul.key
"""
# As a reader does who deletes one and empties the Trash.
DELETE_ONE = """
lost=$(find /var/lib/mailhaul/mail/anna -path '*/cur/*' -type f | sort |
	head -1)
cp "$lost" /root/lost
rm "$lost"
"""
LATER_SCHEMA = """
systemctl stop mailhaul
python3 - /var/lib/mailhaul/mailhaul.db /var/lib/mailhaul/ledgers/*.db <<END
import sqlite3, sys
for path in sys.argv[1:]:
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=999")
    db.close()
END
"""

# A machine on which nothing was done yet, and somebody at a terminal.
NEW_MACHINE = """
systemctl stop mailhaul
rm -r /var/lib/mailhaul/*
mailhaul() { answer $(cat /root/password) \\
	runuser -u mailhaul -- mailhaul "$@"; }
chown mailhaul /root
chown mailhaul /root/password
"""

# page: {heading: (script before its first command, script after its last)}
STORIES = {
    "backup-and-restore.md": {
        "Backup": ("", "test -s /backup/mailhaul.tar"),
        "Restore": (LOSE_THE_JOB_TABLE, "as sync --all --wait; whole"),
        "Try it": ("", "whole"),
    },
    "move-to-another-machine.md": {
        "On the old machine: copy, stop, copy the rest": (
            "", "[ ! -e /run/mailhaul.pid ] || "
            "! kill -0 $(cat /run/mailhaul.pid) 2>/dev/null || fail runs"),
        "On the new machine: start": (
            "cp -a --remove-destination $SHARED/new/. /", "whole"),
    },
    "rotate-keys.md": {
        "With the key file in state.dir": (
            "", "as sync --all --wait; whole"),
        "When key and database may both be in wrong hands": (
            "", "as sync --all --wait; whole"),
        "The key as a credential of systemd": (
            "", "as sync --all --wait; whole; "
            "[ $(stat -c %s /etc/mailhaul/mailhaul.key) -ge 96 ]; "
            "[ ! -e /var/lib/mailhaul/mailhaul.key ]"),
    },
    "provider-limits.md": {
        "Set what the provider allows": (
            "", "as config | grep '^limits.hosts.*sessions=4'; "
            "sleep 2; as status | grep imap.example.org"),
        "A first import that takes days": ("", "whole"),
    },
    "watch-it.md": {
        "Turn it on": (
            "", "curl -sf http://127.0.0.1:9180/metrics | "
            "grep '^mailhaul_accounts'"),
    },
    "mail-is-missing.md": {
        "4. Did it come, and is it gone here?": (DELETE_ONE, ""),
        "6. It was there and is lost": (
            "", "find /var/lib/mailhaul/mail/anna -path '*Recovered*' "
            "-type f -exec cmp -s {} /root/lost \\; -print | grep -q ,S= || "
            "fail 'the deleted message has not come back'"),
    },
    "upgrade-and-rollback.md": {
        "Upgrade": ("touch /root/mailhaul-new.deb /root/mailhaul-old.deb",
                    "whole"),
        "Back to the older version": (LATER_SCHEMA, "whole"),
    },
}
EXAMPLES = {
    "README.md": {"What it looks like": (
        NEW_MACHINE, "as sync anna --wait; [ $(count anna) = {anna} ]")},
    "mailhaul.1": {"EXAMPLES": (NEW_MACHINE, "whole")},
}
# Commands whose purpose is to say that something is wrong.
MAY_END_WITH = {("mail-is-missing.md", "mailhaul verify anna"): 1}
