-- docs/directives.md as a manual page: what pandoc has no manner of its own for

function Header(header)
    if header.level > 1 then
        return header
    end

    return {
        pandoc.Header(1, 'NAME'),
        pandoc.Para('ngx_http_seckill_module - flash sales in nginx'),
        pandoc.Header(1, 'DIRECTIVES'),
    }
end


-- a page has no place to go to in another document

function Link(link)
    if not link.target:match('^https?:') then
        return link.content
    end
end


-- the line that leads to the page in another language

function Para(para)
    if pandoc.utils.stringify(para):match('^English | ') then
        return {}
    end
end


function RawInline(raw)
    if raw.text == '<br>' then
        return pandoc.RawInline('man', '\n.br\n')
    end
end


-- a table of two columns: terms, and what they are

function Table(block)
    local simple = pandoc.utils.to_simple_table(block)
    local items = {}

    if #simple.widths ~= 2 then
        return
    end

    for _, row in ipairs(simple.rows) do
        local term = pandoc.utils.blocks_to_inlines(row[1])
        items[#items + 1] = { term, { row[2] } }
    end

    return pandoc.DefinitionList(items)
end


-- a long one may be broken behind a comma

function Code(code)
    local parts = {}

    if #code.text < 60 then
        return
    end

    for part in code.text:gmatch('[^,]*,?') do
        parts[#parts + 1] = pandoc.Code(part)
        parts[#parts + 1] = pandoc.RawInline('man', '\\:')
    end

    return parts
end


function Pandoc(doc)
    doc.blocks:extend {
        pandoc.Header(1, 'SEE ALSO'),
        pandoc.Para {
            pandoc.Strong('seckill'), pandoc.Str('(1), '),
            pandoc.Strong('nginx'), pandoc.Str('(8), '),
            pandoc.Code('/usr/share/doc/libnginx-mod-http-seckill/docs'),
        },
    }

    return doc
end
