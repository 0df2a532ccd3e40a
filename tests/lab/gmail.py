# SPDX-License-Identifier: BSD-2-Clause
"""A scripted server that is like Gmail: labels are mailboxes, one message is
in several, X-GM-MSGID tells which it is, \\All has them all. It counts what
it sends. Labels in hidden are no mailboxes; they stand in X-GM-LABELS
alone."""
import fake

ALL, STARRED, IMPORTANT = (b"[Gmail]/All Mail", b"[Gmail]/Starred",
                           b"[Gmail]/Important")
SPAM, TRASH = b"[Gmail]/Spam", b"[Gmail]/Trash"
INBOX, SENT = b"INBOX", b"[Gmail]/Sent Mail"
ATTRIBUTES = {ALL: b"\\All", STARRED: b"\\Flagged", IMPORTANT: b"\\Important",
              SPAM: b"\\Junk", TRASH: b"\\Trash", SENT: b"\\Sent", b"[Gmail]": b"\\Noselect"}


class Gmail(fake.Imap):
    """add() puts a message under labels; gmail=False: EMAILID instead."""

    def __init__(self, gmail=True):
        super().__init__({b"INBOX": []}, attributes=ATTRIBUTES)
        self.capabilities = b"X-GM-EXT-1" if gmail else b"OBJECTID"
        for name in (b"[Gmail]", SPAM, TRASH, STARRED, IMPORTANT, ALL):
            self.mailboxes[name] = []
        self.next_uid = {}
        self.hidden = {}   # label: ids of messages
        self.label_lists = 0
        self.ids = 1278455344230334865
        self.body_bytes = self.bodies = 0
        self.session = GmailSession

    def put(self, label, message):
        uid = self.next_uid.get(label, 1)
        self.next_uid[label] = uid + 1
        copy = fake.Message(uid, message.body, message.flags, message.date)
        copy.id = message.id
        self.mailboxes.setdefault(label, []).append(copy)

    def add(self, body, labels, flags=b"\\Seen"):
        message = fake.Message(0, body, flags)
        message.id = self.ids = self.ids + 1
        for label in labels:
            self.put(label, message)
        if not {SPAM, TRASH} & set(labels):
            self.put(ALL, message)
        if b"\\Flagged" in flags:
            self.put(STARRED, message)
        return message

    def hide(self, label):
        """Show in IMAP: no."""
        self.hidden[label] = {m.id for m in self.mailboxes.pop(label, [])}

    def show(self, label):
        ids = self.hidden.pop(label)
        for m in list(self.mailboxes[ALL]):
            if m.id in ids:
                self.put(label, m)

    def labels(self, message):
        """As Gmail writes them: those of the system unquoted."""
        names = {INBOX: b"\\Inbox", STARRED: b"\\Starred",
                 SENT: b"\\Sent", IMPORTANT: b"\\Important"}
        found = [label for label, ids in self.hidden.items()
                 if message.id in ids]
        found += [label for label, rows in self.mailboxes.items()
                  if label != ALL and any(m.id == message.id for m in rows)]
        return b" ".join(names.get(n, b'"%s"' % n if b" " in n else n)
                         for n in found)

    def take(self, label, message):
        self.mailboxes[label] = [
            m for m in self.mailboxes[label] if m.id != message.id]


class GmailSession(fake.Session):
    def capability(self, rest):
        self.say(b"* CAPABILITY IMAP4rev1 " + self.server.capabilities)

    def examine(self, rest):
        name = self.argument(rest)
        answer = super().examine(b'"' + name + b'"')
        if answer is None:
            self.say(b"* OK [UIDNEXT %d] ok"
                     % self.server.next_uid.get(name, 1))
        return answer

    def fetch(self, rest):
        numbers, _, items = rest.partition(b" ")
        for i, m in self.chosen(numbers):
            out = b"UID %d FLAGS (%s) INTERNALDATE \"%s\" RFC822.SIZE %d" % (
                m.uid, m.flags, m.date, len(m.body))
            if b"X-GM-MSGID" in items:
                out += b" X-GM-MSGID %d" % m.id
            if b"X-GM-LABELS" in items:
                self.server.label_lists += i == 1
                out += b" X-GM-LABELS (%s)" % self.server.labels(m)
            if b"EMAILID" in items:
                out += b" EMAILID (M%d)" % m.id
            if b"BODY.PEEK[HEADER]" in items:
                body, what = m.body.split(b"\r\n\r\n")[0] + b"\r\n\r\n", b"HEADER"
            elif b"BODY.PEEK[]" in items:
                body, what = m.body, b""
                self.server.body_bytes += len(body)
                self.server.bodies += 1
            else:
                self.say(b"* %d FETCH (%s)" % (i, out))
                continue
            self.say(b"* %d FETCH (%s BODY[%s] {%d}"
                     % (i, out, what, len(body)))
            self.socket.sendall(body)
            self.say(b")")
