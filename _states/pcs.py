"""
States of the cluster layer: pcs's account, authenticated hosts, the cluster itself

A state asks what is, says what should be, shows the difference, does it once, and looks again.
With ``test=True`` nothing is written, also on a machine where pcs is not installed yet.

On Salt 3006 and 3007 this takes the place of the built-in state module of the same name.

:depends: the execution module pcs
"""

__virtualname__ = "pcs"


def __virtual__():
    return __virtualname__


def password_set(name="hacluster", password=None, password_pillar=None):
    """
    The account that pcs uses has this password.

    name
        The account.

    password
        The password. Rendered states end up in logs and caches, so rather use the next.

    password_pillar
        The place in pillar where the password is, keys joined by colons.

    .. code-block:: yaml

        hacluster:
          pcs.password_set:
            - password_pillar: hanfs:cluster:password
    """
    return __salt__["pcs.converge"](
        "password_set",
        name,
        test=__opts__["test"],
        password=password,
        password_pillar=password_pillar,
    )


def stub_removed(name):
    """
    The one-node cluster that Debian's and Ubuntu's packages start is gone.

    It is known by its exact configuration. Any other cluster is left alone, and so is this one
    when somebody configured something in it: that is an error.

    name
        Anything.

    .. code-block:: yaml

        Debian's own cluster is gone:
          pcs.stub_removed: []
    """
    return __salt__["pcs.converge"]("stub_removed", name, test=__opts__["test"])


def hosts_authenticated(name, nodes, password=None, password_pillar=None, timeout=600):
    """
    pcs on this node may talk to the pcsd of all nodes.

    Tried until the deadline: the other nodes may still be installing. When the password of
    hacluster on this node is another than the one that the tokens were made with, they are made
    anew, also when they still work.

    name
        Anything.

    nodes
        ``{name: [addresses]}``, always all members.

    password, password_pillar
        The password of hacluster, or the place in pillar where it is (keys joined by colons).

    timeout
        Seconds.

    .. code-block:: yaml

        The hosts know each other:
          pcs.hosts_authenticated:
            - nodes: {nfs-server1: [10.10.10.11], nfs-server2: [10.10.10.12]}
            - password_pillar: hanfs:cluster:password
    """
    return __salt__["pcs.converge"](
        "hosts_authenticated",
        name,
        test=__opts__["test"],
        nodes=nodes,
        password=password,
        password_pillar=password_pillar,
        timeout=timeout,
    )


def cluster_online(name, nodes, timeout=600):
    """
    The cluster runs on this node: it is online, there are quorum and a coordinator (DC).

    Changes nothing: it waits, and fails with what it saw last. A new cluster gets quorum only once
    all its nodes were there (``wait_for_all``); a peer that is down later does not hold up a run,
    the comment names it.

    name
        The cluster's name.

    nodes
        ``{name: [addresses]}``, or a list of names.

    timeout
        Seconds.

    .. code-block:: yaml

        nfs-server-cluster is online:
          pcs.cluster_online:
            - name: nfs-server-cluster
            - nodes: [nfs-server1, nfs-server2]
    """
    return __salt__["pcs.converge"](
        "cluster_online", name, test=__opts__["test"], nodes=nodes, timeout=timeout
    )
