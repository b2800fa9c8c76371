"""redis-om's models kept as hashes: whatever needs no index of a search module."""

import os

os.environ["REDIS_OM_URL"] = f"redis://127.0.0.1:{os.environ['REDIS_PORT']}?decode_responses=True"

from redis_om import Field, HashModel, NotFoundError
from serving import serve


class Customer(HashModel, index=True):
    name: str = Field(index=True)
    age: int
    note: str | None = None


def save(name, age):
    return Customer(name=name, age=age).save().pk


def get(key):
    try:
        return Customer.get(key).model_dump()
    except NotFoundError:
        return None


def update(key, **fields):
    Customer.get(key).update(**fields)
    return True


def several(people):
    return [model.pk for model in Customer.add([Customer(**person) for person in people])]


def expire(key, seconds):
    Customer.get(key).expire(seconds)
    return Customer.db().ttl(Customer.make_primary_key(key))


serve(
    save=save,
    get=get,
    update=update,
    several=several,
    expire=expire,
    delete=lambda key: Customer.delete(key),
    keys=lambda: sorted(Customer.all_pks()),
    find=lambda name: [model.pk for model in Customer.find(Customer.name == name).all()],
)
