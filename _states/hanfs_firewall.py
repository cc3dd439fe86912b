"""
What the site needs passes firewalld: permanently and at once.

.. code-block:: yaml

    Cluster traffic and NFS pass the firewall:
      hanfs.firewall_allows:
        - path: hanfs:sites:athens
        - services: [high-availability, nfs, mountd, rpc-bind]

:depends: the execution module hanfs; the command firewall-cmd
"""

__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def firewall_allows(name, path, services):
    """
    Let the site's traffic through firewalld. Adds what is missing, takes nothing away, reloads
    nothing.

    name
        Free text.

    path
        Colon path of the site in pillar.

    services
        firewalld's services for a site whose profile has no fixed ports.

    .. code-block:: yaml

        Cluster traffic and NFS pass the firewall:
          hanfs.firewall_allows:
            - path: hanfs:sites:athens
            - services: [high-availability, nfs, mountd, rpc-bind]
    """
    return __salt__["hanfs.converge"](
        "firewall_allows", name, test=__opts__["test"], path=path, services=services
    )
