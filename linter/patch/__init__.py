"""Bytes from anywhere (mail, mbox, maildir, git range, quoted reply, archive page) to series, patches and hunks."""
