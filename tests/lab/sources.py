"""Where this machine gets its own Debian packages from: the lab uses the same mirror."""

from __future__ import annotations

from pathlib import Path

APT = Path("/etc/apt")
SUITES = ("{0}", "{0}-updates", "{0}-security", "{0}/updates")


def debian_sources(suite, directory=APT):
    """Lines of sources.list for ``suite`` (a code name), from this machine's own files.

    Only Debian's main component counts, so that other vendors' entries stay out.
    Raises LookupError when there is none.
    """
    wanted = {name.format(suite) for name in SUITES}
    lines = [
        _line(options, uri, name)
        for options, uri, name, components in _entries(directory)
        if name in wanted and "main" in components
    ]
    if not lines:
        raise LookupError(f"no apt source for {suite} main below {directory}")
    return list(dict.fromkeys(lines))


def sources_of_another(suite, like, directory=APT):
    """The same for a release that this machine need not know, from where it gets ``like``.

    Without updates and security: a mirror moves those of an old release away, and what was
    released is enough for a lab.
    """
    try:
        return debian_sources(suite, directory)
    except LookupError:
        lines = debian_sources(like, directory)
    end = f" {like} main"
    return [line[: -len(end)] + f" {suite} main" for line in lines if line.endswith(end)]


def _line(options, uri, name):
    return f"deb {options + ' ' if options else ''}{uri} {name} main"


def _entries(directory):
    """Options, address, suite and components of every entry in apt's files."""
    for path in [directory / "sources.list", *sorted((directory / "sources.list.d").glob("*"))]:
        if path.suffix == ".list" and path.is_file():
            yield from _one_line_style(path.read_text())
        elif path.suffix == ".sources":
            yield from _deb822_style(path.read_text())


def _one_line_style(text):
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words or words.pop(0) != "deb":
            continue
        options = ""
        if words and words[0].startswith("["):
            end = next(n for n, word in enumerate(words) if word.endswith("]")) + 1
            options, words = " ".join(words[:end]), words[end:]
        if len(words) > 2 and not words[0].startswith("cdrom:"):
            yield options, words[0], words[1], words[2:]


def _deb822_style(text):
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in "\n".join(lines).split("\n\n"):
        fields, key = {}, None
        for line in stanza.splitlines():
            if line[:1].isspace() and key:
                fields[key] += "\n" + line.strip()
            elif ":" in line:
                key, _, value = line.partition(":")
                key = key.strip().lower()
                fields[key] = value.strip()
        if (
            fields.get("enabled", "yes").lower() == "no"
            or "deb" not in fields.get("types", "").split()
        ):
            continue
        signed = fields.get("signed-by", "")
        # A key that stands in the file itself cannot be named on one line.
        options = f"[signed-by={signed}]" if signed.startswith("/") else ""
        for uri in fields.get("uris", "").split():
            for name in fields.get("suites", "").split():
                yield options, uri, name, fields.get("components", "").split()
