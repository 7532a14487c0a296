#!/usr/bin/python3
"""Helps t/docs/openapi.t, with Debian's python3-jsonschema and python3-yaml.

  openapi.py document FILE  prints, as JSON, what is wrong with the document
                            ("problems"), its "operations" and its "events"
  openapi.py answers FILE   reads a JSON list of answers; prints a list of what
                            is wrong with each, "" where nothing is

openapi-3.1.json is the OpenAPI Initiative's schema of OpenAPI 3.1 documents,
version 2026-08-03, under the Apache License 2.0. It leaves the schemas in a
document to JSON Schema's own metaschema, 2020-12.
"""

import json
import os
import re
import sys
from urllib.parse import urljoin

import yaml
from jsonschema import Draft202012Validator, RefResolver
from jsonschema.exceptions import SchemaError, best_match

METHODS = ('get', 'put', 'post', 'delete', 'options', 'head', 'patch',
           'trace')


class Loader(yaml.SafeLoader):
    """YAML as JSON has it: keys are strings, and each is there once."""


def mapping(loader, node):
    return unique(loader.construct_pairs(node, deep=True))


def unique(pairs):
    found = {}

    for key, value in pairs:
        if not isinstance(key, str):
            raise ValueError('a key that is no string: %r' % (key,))
        if key in found:
            raise ValueError('a key that is there twice: %s' % key)
        found[key] = value

    return found


Loader.add_constructor('tag:yaml.org,2002:map', mapping)

# a time without quotes would be one here, and a string in YAML 1.2

Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers
            if tag != 'tag:yaml.org,2002:timestamp']
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def walk(node, at='#'):
    """All objects and arrays of the document, with their JSON pointers."""

    yield at, node

    children = (node.items() if isinstance(node, dict)
                else enumerate(node) if isinstance(node, list) else ())

    for key, child in children:
        name = str(key).replace('~', '~0').replace('/', '~1')
        yield from walk(child, at + '/' + name)


def follow(doc, node):
    """What a reference stands for: a path from the document's root."""

    while isinstance(node, dict) and '$ref' in node:
        target = doc
        for name in node['$ref'].split('/')[1:]:
            target = target[name.replace('~1', '/').replace('~0', '~')]
        node = target

    return node


def operations(doc):
    for path, item in doc['paths'].items():
        for method in METHODS:
            if method in item:
                yield path, item, method, item[method]


def served(doc):
    """The paths as a server has them that shows the document in /api/."""

    for path, item in doc['paths'].items():
        (server,) = item.get('servers', doc['servers'])
        base = urljoin('/api/openapi.yaml', server['url'])
        yield base.rstrip('/') + path, item


def validator(doc, schema):
    return Draft202012Validator(schema, resolver=RefResolver('', doc))


def wrong(doc, schema, instance):
    """The error that says most, or an empty string."""

    # which of several schemas is meant decides what is said

    schema = follow(doc, schema)
    choice = schema.get('discriminator')

    if choice and isinstance(instance, dict):
        name = instance.get(choice['propertyName'])
        if name not in choice['mapping']:
            return '%s: %r' % (choice['propertyName'], name)
        return wrong(doc, {'$ref': choice['mapping'][name]}, instance)

    error = best_match(validator(doc, schema).iter_errors(instance))

    if error is None:
        return ''

    return '%s: %s' % (error.json_path, error.message[:300])


def is_schema(at):
    return re.search(r'^#/components/schemas/[^/]+$|/schema$', at) is not None


def problems(doc):
    """All that is wrong with the document; what is no OpenAPI, or has broken
    references, is not looked at further."""

    for stage in (format_problems, ref_problems, operation_problems,
                  example_problems):
        found = list(stage(doc))
        if found:
            return found

    return []


def format_problems(doc):
    with open(os.path.join(os.path.dirname(__file__),
                           'openapi-3.1.json')) as file:
        schema = json.load(file)

    for error in Draft202012Validator(schema).iter_errors(doc):
        yield '%s: %s' % (error.json_path, error.message[:300])

    for at, node in walk(doc):
        if is_schema(at):
            yield from schema_problems(at, node)


def ref_problems(doc):
    used = set()

    for at, node in walk(doc):
        if not isinstance(node, dict):
            continue

        refs = [node['$ref']] if '$ref' in node else []

        if 'discriminator' in node:
            refs += node['discriminator']['mapping'].values()

        for ref in refs:
            used.add(ref)
            try:
                follow(doc, {'$ref': ref})
            except (KeyError, TypeError):
                yield '%s: there is no %s' % (at, ref)

    for kind, components in doc['components'].items():
        for name in components:
            ref = '#/components/%s/%s' % (kind, name)
            if ref not in used and kind != 'securitySchemes':
                yield '%s is not used' % ref


def schema_problems(at, schema):
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        yield '%s%s: %s' % (at, error.json_path[1:], error.message[:300])

    # a field that is not here has to be found: what a client makes up is open

    for inner, node in walk(schema, at):
        if (isinstance(node, dict) and node.get('type') == 'object'
                and not inner.endswith('/Attributes')
                and node.get('additionalProperties') is not False):
            yield '%s: not closed' % inner


def example_problems(doc):
    examples = []

    for at, node in walk(doc):
        if is_schema(at):
            examples += [(at, node, one) for one in node.get('examples', [])]

        elif isinstance(node, dict) and 'schema' in node:
            examples += [(at, node['schema'], one['value'])
                         for one in node.get('examples', {}).values()]
            if 'example' in node:
                examples.append((at, node['schema'], node['example']))

    for at, schema, example in examples:
        text = wrong(doc, schema, example)
        if text:
            yield '%s: its example: %s' % (at, text)


def operation_problems(doc):
    ids = set()
    tags = [tag['name'] for tag in doc['tags']]

    for path, item, method, operation in operations(doc):
        at = '%s %s' % (method.upper(), path)

        name = operation.get('operationId')
        if name is None or name in ids:
            yield at + ': no operationId of its own'
        ids.add(name)

        for tag in operation.get('tags') or ['']:
            if tag not in tags:
                yield '%s: no such tag "%s"' % (at, tag)

        given = [follow(doc, parameter) for parameter in
                 item.get('parameters', []) + operation.get('parameters', [])]
        names = [one['name'] for one in given if one['in'] == 'path']
        if sorted(names) != sorted(re.findall(r'{(\w+)}', path)):
            yield at + ': its path has other parameters'

        for need in operation.get('security', doc['security']):
            for name in need:
                if name not in doc['components']['securitySchemes']:
                    yield '%s: no such security scheme "%s"' % (at, name)


def answer_problem(doc, answer):
    """What an answer {method, path, status, headers, body} has that the
    document does not; "path" is the document's, or null for one that is not
    there."""

    item = doc['paths'].get(answer['path'])
    status = str(answer['status'])
    method = answer['method'].lower()

    if item is None:
        response, allowed = doc['x-other-paths'], '404'
    elif method not in item:
        response, allowed = doc['x-other-methods'], '405'
    else:
        response = item[method]['responses'].get(status)
        allowed = status

    if response is None or status != allowed:
        return 'the status %s is not documented' % status

    response = follow(doc, response)
    headers = answer['headers']

    for name, header in response.get('headers', {}).items():
        header = follow(doc, header)
        value = headers.get(name.lower())
        if value is None:
            if header.get('required'):
                return 'no header %s' % name
            continue
        text = wrong(doc, header['schema'], value)
        if text:
            return 'the header %s: %s' % (name, text)

    if headers.get('cache-control') != 'no-store' and '.yaml' not in str(
            answer['path']):
        return 'no Cache-Control: no-store'

    if method == 'head':
        return 'HEAD has a body' if answer['body'] else ''

    kind = headers.get('content-type', '').split(';')[0].strip()
    media = response.get('content', {}).get(kind)
    if media is None:
        return 'the content type "%s" is not documented' % kind

    # the bytes of the body, a character each

    try:
        body = answer['body'].encode('latin-1').decode('utf-8')
        if kind == 'application/json':
            body = json.loads(body, object_pairs_hook=unique)
    except ValueError as error:
        return 'no %s: %s' % (kind, error)

    return wrong(doc, media['schema'], body)


def main():
    command, name = sys.argv[1:]

    try:
        with open(name, encoding='utf-8') as file:
            doc = yaml.load(file, Loader)
    except (ValueError, yaml.YAMLError) as error:
        print(json.dumps({'problems': [str(error)], 'operations': []}))
        return

    found_problems = problems(doc) if command == 'document' else []
    doc['paths'] = dict(served(doc))

    if command == 'document':
        found = {
            'problems': found_problems,
            'operations': [],
            'events': list(doc['components']['schemas']['Event']
                           ['discriminator']['mapping']),
        }
        for path, item, method, operation in operations(doc):
            found['operations'].append({
                'path': path,
                'method': method.upper(),
                'statuses': list(operation['responses']),
                'body': operation.get('requestBody', {}).get('content', {})
                        .get('application/json', {}).get('example'),
                'free': operation.get('security') == [],
            })
        print(json.dumps(found))

    else:
        print(json.dumps([answer_problem(doc, answer)
                          for answer in json.load(sys.stdin)]))


main()
