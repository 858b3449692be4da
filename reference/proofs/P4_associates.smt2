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
(define-fun ab () Encoding (mul a b))
(define-fun bd () Encoding (mul b d))
(assert (and (in_range (product_sum 0 b d)) (in_range (product_sum 0 a bd))))
(assert (and (in_range (product_sum 0 a b)) (in_range (product_sum 0 ab d))))

(echo "precondition")
(check-sat)

(push 1)
; Two steps first, that in range a product is the sum, then the statement where both hold.
(define-fun ab_is_sum () Bool (= (mag ab) (product_sum 0 a b)))
(define-fun bd_is_sum () Bool (= (mag bd) (product_sum 0 b d)))
(assert (or
  (not ab_is_sum)
  (and ab_is_sum (not bd_is_sum))
  (and ab_is_sum bd_is_sum (not (= (mul ab d) (mul a bd))))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(define-fun faulty () Encoding (pam gradual saturate UNIT a b))
(assert (not (= (mul faulty d) (mul a bd))))
(echo "mutant")
(check-sat)
(pop 1)
