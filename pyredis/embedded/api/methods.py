"""All methods in one class, which every face is based on."""

from pyredis.embedded.api.connection_methods import ConnectionMethods
from pyredis.embedded.api.generic_by_hand import GenericByHand
from pyredis.embedded.api.generic_methods import GenericMethods
from pyredis.embedded.api.geo_by_hand import GeoByHand
from pyredis.embedded.api.geo_methods import GeoMethods
from pyredis.embedded.api.hash_by_hand import HashByHand
from pyredis.embedded.api.hash_methods import HashMethods
from pyredis.embedded.api.list_by_hand import ListByHand
from pyredis.embedded.api.list_methods import ListMethods
from pyredis.embedded.api.scripting_methods import ScriptingMethods
from pyredis.embedded.api.server_by_hand import ServerByHand
from pyredis.embedded.api.server_methods import ServerMethods
from pyredis.embedded.api.set_methods import SetMethods
from pyredis.embedded.api.sorted_set_by_hand import SortedSetByHand
from pyredis.embedded.api.sorted_set_methods import SortedSetMethods
from pyredis.embedded.api.stream_by_hand import StreamByHand
from pyredis.embedded.api.stream_methods import StreamMethods
from pyredis.embedded.api.string_by_hand import StringByHand
from pyredis.embedded.api.string_methods import StringMethods
from pyredis.embedded.api.user_by_hand import UserByHand
from pyredis.embedded.api.user_methods import UserMethods


class Methods(
    StringMethods,
    StringByHand,
    GenericMethods,
    GenericByHand,
    HashMethods,
    HashByHand,
    ListMethods,
    ListByHand,
    SetMethods,
    SortedSetMethods,
    SortedSetByHand,
    StreamMethods,
    StreamByHand,
    GeoMethods,
    GeoByHand,
    ScriptingMethods,
    ConnectionMethods,
    UserMethods,
    UserByHand,
    ServerMethods,
    ServerByHand,
):
    """A method for each command; its annotations are those of a synchronous database."""
