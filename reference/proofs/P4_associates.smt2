; property: P4
; operation: mul
; statement: (a . b) . d = a . (b . d)
; domain: normal operands, all partial products in range, every policy
; mutant: a compensation of one unit takes part in the first product
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const a Encoding)
(declare-const b Encoding)
(declare-const d Encoding)
(assert (and (is_encoding a) (is_encoding b) (is_encoding d)))
(assert (and (is_normal a) (is_normal b) (is_normal d)))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate 0 x y))
; What a product in range is; the first two steps prove it.
(define-fun sign ((x Encoding) (y Encoding)) Bool (xor (negative x) (negative y)))
(define-fun ab () Encoding (encoding (sign a b) (product_sum 0 a b)))
(define-fun bd () Encoding (encoding (sign b d) (product_sum 0 b d)))
(assert (and (in_range (product_sum 0 a b)) (in_range (product_sum 0 ab d))))
(assert (and (in_range (product_sum 0 b d)) (in_range (product_sum 0 a bd))))

(echo "precondition")
(check-sat)

; In three steps: ab and bd are the results, and the statement holds of them.
(push 1)
(assert (not (= (mul a b) ab)))
(echo "statement")
(check-sat)
(pop 1)
(push 1)
(assert (not (= (mul b d) bd)))
(echo "statement")
(check-sat)
(pop 1)
(push 1)
(assert (not (= (mul ab d) (mul a bd))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(assert (= a b d one))
(define-fun faulty () Encoding (pam gradual saturate UNIT a b))
(assert (not (= (mul faulty d) (mul a bd))))
(echo "mutant")
(check-sat)
(pop 1)
