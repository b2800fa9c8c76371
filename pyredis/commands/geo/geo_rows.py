"""The geo commands."""

from pyredis.commands.table.spec import family, row

READ = "1 RO access"
UNITS = "unit=(M|KM|FT|MI)"
COORDINATES = "longitude:double latitude:double"
COUNT = "[count-block=(COUNT count [ANY{0}])]"
ORDER = "[order=(ASC|DESC)]"
WITH = "[WITHCOORD] [WITHDIST] [WITHHASH]"
CIRCLE = f"radius:double {UNITS}"
FROM = f"from=(FROMMEMBER member|FROMLONLAT fromlonlat=({COORDINATES}))"
BY = f"by=(circle=(BYRADIUS radius:double {UNITS})|box=(BYBOX width:double height:double {UNITS}))"
STORE = "[store=(STORE storekey:key~key|STOREDIST storedistkey:key~key)]"
AREA = "O(N+log(M)), N members of the area around the shape, M results."
STORES = "; after STORE@{0} OW update; after STOREDIST@{0} OW update"

with family("geo", module="geo", acl="geo"):
    row(
        f"GEOADD key [condition@6.2.0=(NX|XX)] [change=CH@6.2.0] data=({COORDINATES} member)...",
        "write denyoom",
        keys="1 RW update",
        since="3.2.0",
        complexity="O(log(N)) for each member, N members in the set.",
        summary="Adds members with their positions to a sorted set, creating the set if needed.",
    )
    row(
        f"GEODIST key member1 member2 [{UNITS}]",
        "readonly",
        keys=READ,
        since="3.2.0",
        complexity="O(1)",
        summary="Returns the distance between the positions of two members.",
    )
    row(
        "GEOHASH key [member...]",
        "readonly",
        keys=READ,
        since="3.2.0",
        complexity="O(1) for each member.",
        summary="Returns the positions of members as geohash strings.",
    )
    row(
        "GEOPOS key [member...]",
        "readonly",
        keys=READ,
        since="3.2.0",
        complexity="O(1) for each member.",
        summary="Returns the positions of members as longitude and latitude.",
    )
    row(
        f"GEORADIUS key {COORDINATES} {CIRCLE} {WITH} {COUNT.format('@6.2.0')} {ORDER} {STORE}",
        "write denyoom",
        keys=READ + STORES.format(6),
        since="3.2.0",
        complexity=AREA,
        summary="Finds the members within a circle around a position, and returns or stores them.",
        deprecated="6.2.0",
        replaced_by="`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
    )
    row(
        f"GEORADIUSBYMEMBER key member {CIRCLE} {WITH} {COUNT.format('')} {ORDER} {STORE}",
        "write denyoom",
        keys=READ + STORES.format(5),
        since="3.2.0",
        complexity=AREA,
        summary="Finds the members within a circle around a member, and returns or stores them.",
        deprecated="6.2.0",
        replaced_by="`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
    )
    row(
        f"GEORADIUSBYMEMBER_RO key member {CIRCLE} {WITH} {COUNT.format('')} {ORDER}",
        "readonly",
        keys=READ,
        since="3.2.10",
        complexity=AREA,
        summary="Finds the members within a circle around a member.",
        deprecated="6.2.0",
        replaced_by="`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
    )
    row(
        f"GEORADIUS_RO key {COORDINATES} {CIRCLE} {WITH} {COUNT.format('@6.2.0')} {ORDER}",
        "readonly",
        keys=READ,
        since="3.2.10",
        complexity=AREA,
        summary="Finds the members within a circle around a position.",
        deprecated="6.2.0",
        replaced_by="`GEOSEARCH` with the `BYRADIUS` argument",
    )
    row(
        f"GEOSEARCH key {FROM} {BY} {ORDER} {COUNT.format('')} {WITH}",
        "readonly",
        keys=READ,
        since="6.2.0",
        complexity=AREA,
        summary="Finds the members within a circle or a box.",
    )
    row(
        f"GEOSEARCHSTORE destination:key source:key {FROM} {BY} {ORDER} {COUNT.format('')} [STOREDIST]",
        "write denyoom",
        keys="1 OW update; 2 RO access",
        since="6.2.0",
        complexity=AREA,
        summary="Stores the members within a circle or a box in another sorted set.",
    )
